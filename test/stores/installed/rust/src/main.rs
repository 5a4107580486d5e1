//! tower-sessions at work on the database of `DATABASE_URL`, for `test/support/library-program.ts`.
use std::{collections::HashMap, env, error::Error, io};

use sqlx::PgPool;
use time::{format_description::well_known::Rfc3339, OffsetDateTime};
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::SessionStore;
use tower_sessions_sqlx_store::PostgresStore;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let store = PostgresStore::new(PgPool::connect(&env::var("DATABASE_URL")?).await?);
    store.migrate().await?;
    println!("ready");
    for line in io::stdin().lines() {
        let line = line?;
        match line.split_once(' ') {
            Some(("write", instant)) => {
                let mut record = Record {
                    id: Id::default(),
                    data: HashMap::new(),
                    expiry_date: OffsetDateTime::parse(instant, &Rfc3339)?,
                };
                store.create(&mut record).await?;
                println!("{}", record.id);
            }
            Some(("accepts", id)) => println!("{}", store.load(&id.parse()?).await?.is_some()),
            _ => return Err(line.into()),
        }
    }
    Ok(())
}
