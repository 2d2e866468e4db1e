//! Where the next task of a deployment goes: to the availability zone with the fewest tasks of the service, and there to the subnet with the
//! fewest (BOTO UpdateService: "the Availability Zone with the fewest number of running tasks for this service").

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::ecs::service::ServiceKey;
use crate::world::World;

/// The subnets of a deployment, in the order of its configuration, and how many tasks each has.
pub(super) struct Crowd {
    subnets: Vec<Place>,
    /// The tasks in each zone.
    zones: BTreeMap<SmolStr, usize>,
}

struct Place {
    subnet: SmolStr,
    zone: SmolStr,
    tasks: usize,
}

impl Crowd {
    /// That of the deployment at `place` in the service called `key`. Tasks that are being stopped are not counted.
    pub(super) fn of(world: &World, key: &ServiceKey, place: usize) -> Self {
        let service = &world.ecs.services[key];
        let subnets = service.deployments[place].network.subnets.iter();
        let mut subnets: Vec<Place> =
            subnets.map(|subnet| Place { subnet: subnet.into(), zone: zone_of(world, subnet), tasks: 0 }).collect();
        let mut zones: BTreeMap<SmolStr, usize> = subnets.iter().map(|place| (place.zone.clone(), 0)).collect();
        for task in world.ecs.live(service).filter(|task| !task.stopping) {
            let place = subnets.iter_mut().find(|place| Some(&place.subnet) == task.subnet.as_ref());
            if let Some(place) = place {
                place.tasks += 1;
                zones.entry(place.zone.clone()).and_modify(|tasks| *tasks += 1);
            }
        }
        Self { subnets, zones }
    }

    /// The subnet for the next task, in `zone` if that is given; it is counted there.
    pub(super) fn next(&mut self, zone: Option<&SmolStr>) -> Option<SmolStr> {
        let zones = &self.zones;
        let there = self.subnets.iter_mut().filter(|place| zone.is_none_or(|zone| *zone == place.zone));
        // Of equals, the first.
        let emptiest = there.min_by_key(|place| (zones[&place.zone], place.tasks))?;
        emptiest.tasks += 1;
        self.zones.entry(emptiest.zone.clone()).and_modify(|tasks| *tasks += 1);
        Some(emptiest.subnet.clone())
    }
}

/// The availability zone of a subnet; that of one which does not exist any more is its own.
pub(super) fn zone_of(world: &World, subnet: &str) -> SmolStr {
    world.subnet(subnet).map_or_else(|| subnet.into(), |found| found.zone.as_str().into())
}
