//! `greenroom clean`.

use clap::Args;
use simulator::engine::Engine;
use simulator::engine::sweep::{Kept, Swept};

use super::{block_on, complain_of_engine};
use crate::exit::Exit;

/// Remove what rehearsals whose process has ended may have left, and on request the image cache.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Remove the images too that are kept so that the next rehearsal is quick.
    #[arg(long)]
    cache: bool,
}

/// Removes, and says what it removed.
pub(crate) fn run(arguments: &Arguments) -> Exit {
    block_on(async {
        let engine = match Engine::connect().await {
            Ok(engine) => engine,
            Err(error) => return complain_of_engine(&error, error.help()),
        };
        match engine.sweep_dead(Kept::Go).await {
            Ok(swept) if swept.is_empty() => anstream::println!("nothing is left of any rehearsal that has ended"),
            Ok(swept) => {
                for (id, swept) in swept {
                    let Swept { containers, networks, volumes, images } = swept;
                    anstream::println!(
                        "rehearsal {id}: removed {containers} containers, {networks} networks, {volumes} volumes, {images} images"
                    );
                }
            }
            Err(error) => return complain_of_engine(&error, None),
        }
        if arguments.cache {
            match engine.clear_cache(None).await {
                Ok(removed) if removed.is_empty() => anstream::println!("the image cache is empty"),
                Ok(removed) => {
                    for image in removed {
                        anstream::println!("image cache: removed {}", image.reference);
                    }
                }
                Err(error) => return complain_of_engine(&error, None),
            }
        }
        Exit::Ok
    })
}
