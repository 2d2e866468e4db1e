//! `greenroom doctor`.

use simulator::database;
use simulator::engine::Engine;

use super::{block_on, complain_of_engine};
use crate::exit::Exit;

/// Says which engine there is, and which images a rehearsal would take.
pub(crate) fn run() -> Exit {
    block_on(async {
        let engine = match Engine::connect().await {
            Ok(engine) => engine,
            Err(error) => return complain_of_engine(&error, error.help()),
        };
        let facts = engine.facts();
        anstream::println!("engine      Docker {} (API {}) at {}", facts.release, facts.api, facts.host);
        anstream::println!("machine     {} processors, {}", facts.processors, facts.architecture);
        for kind in database::Engine::ALL {
            let image = kind.default_image();
            let state = match engine.image_id(image).await {
                Ok(Some(_)) => "here",
                Ok(None) => "not here: it is pulled when a rehearsal needs it",
                Err(error) => return complain_of_engine(&error, None),
            };
            anstream::println!("{:<11} {image}: {state}", kind.key());
        }
        Exit::Ok
    })
}
