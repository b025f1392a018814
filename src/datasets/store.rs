//! The records of datasets: in the database, and in memory as one view.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use rpds::RedBlackTreeMapSync;
use sqlx::FromRow;
use tokio::sync::Mutex;

use super::{DatasetDocument, DatasetRecord, Error, Result};
use crate::{
    database::Database,
    domain::{Blocs, CallerId, Clock, DatasetId, Flaw},
    on_pool,
};

/// All of them are in memory.
const MAX_DATASETS: usize = 100_000;

/// The records of datasets.
#[derive(Debug)]
pub struct Datasets {
    database: Database,
    clock: Arc<dyn Clock>,
    blocs: Blocs,
    current: ArcSwap<View>,
    /// Makes changes one after the other: each is checked against what stands.
    writer: Mutex<()>,
}

/// All datasets at one moment.
#[derive(Debug, Clone, Default)]
pub struct View(RedBlackTreeMapSync<DatasetId, Arc<DatasetRecord>>);

#[derive(FromRow)]
struct Row {
    dataset_id: String,
    version: i64,
    document: String,
    updated_by: String,
    updated_at: i64,
}

impl View {
    /// One dataset.
    pub fn get(&self, id: &DatasetId) -> Option<&Arc<DatasetRecord>> {
        self.0.get(id)
    }

    /// The datasets behind an id in the order of ids; without one, all.
    pub fn after(&self, id: Option<&DatasetId>) -> impl Iterator<Item = &Arc<DatasetRecord>> {
        use std::ops::Bound;

        let start = id.map_or(Bound::Unbounded, Bound::Excluded);
        self.0.range((start, Bound::Unbounded)).map(|(_, record)| record)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.size()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Datasets {
    /// The records in an open database. `blocs` are what documents may speak of.
    pub async fn open(database: Database, clock: Arc<dyn Clock>, blocs: Blocs) -> Result<Self> {
        const SQL: &str = "SELECT dataset_id, version, document, updated_by, updated_at \
             FROM datasets WHERE removed_at IS NULL";
        let rows: Vec<Row> = on_pool!(read &database, pool => {
            sqlx::query_as(SQL).fetch_all(pool).await?
        });
        let mut view = View::default();
        for row in rows {
            let record = row.read(&blocs)?;
            view.0.insert_mut(record.dataset.id.clone(), Arc::new(record));
        }
        let current = ArcSwap::from_pointee(view);
        Ok(Self { database, clock, blocs, current, writer: Mutex::new(()) })
    }

    /// All datasets now.
    pub fn view(&self) -> Arc<View> {
        self.current.load_full()
    }

    /// Adds a dataset.
    pub async fn create(
        &self,
        document: &DatasetDocument,
        by: &CallerId,
        dry_run: bool,
    ) -> Result<Arc<DatasetRecord>> {
        let _one = self.writer.lock().await;
        let dataset = document.to_dataset(&self.blocs)?;
        let view = self.view();
        if view.get(&dataset.id).is_some() {
            return Err(Error::Taken(dataset.id));
        }
        if view.len() >= MAX_DATASETS {
            return Err(Error::TooMany(MAX_DATASETS));
        }
        let before = self.last_version(&dataset.id).await?;
        self.write(document, before + 1, by, dry_run).await
    }

    /// Replaces the record of a dataset. `expected` is the version that the change was made against.
    pub async fn replace(
        &self,
        id: &DatasetId,
        document: &DatasetDocument,
        expected: i64,
        by: &CallerId,
        dry_run: bool,
    ) -> Result<Arc<DatasetRecord>> {
        let _one = self.writer.lock().await;
        self.check(id, expected)?;
        if document.id != id.as_str() {
            return Err(Flaw::new("id", format!("the id of `{id}` stays")).into());
        }
        self.write(document, expected + 1, by, dry_run).await
    }

    /// Takes a dataset out. Runs that name it are refused from then on.
    pub async fn remove(&self, id: &DatasetId, expected: i64, by: &CallerId) -> Result<()> {
        const SQL: &str = "UPDATE datasets SET removed_at = $2, updated_by = $3, \
             version = version + 1 WHERE dataset_id = $1";
        let _one = self.writer.lock().await;
        self.check(id, expected)?;
        let now = self.clock.now().as_microsecond();
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL).bind(id.as_str()).bind(now).bind(by.as_str()).execute(pool).await?;
        });
        self.current.store(Arc::new(View(self.view().0.remove(id))));
        Ok(())
    }

    fn check(&self, id: &DatasetId, expected: i64) -> Result<()> {
        let view = self.view();
        let record = view.get(id).ok_or_else(|| Error::Unknown(id.clone()))?;
        if record.version != expected {
            return Err(Error::Stale { id: id.clone(), version: record.version });
        }
        Ok(())
    }

    /// The version of a dataset that was taken out, so that no two records have one `ETag`.
    async fn last_version(&self, id: &DatasetId) -> Result<i64> {
        const SQL: &str = "SELECT version FROM datasets WHERE dataset_id = $1";
        let version: Option<i64> = on_pool!(read &self.database, pool => {
            sqlx::query_scalar(SQL).bind(id.as_str()).fetch_optional(pool).await?
        });
        Ok(version.unwrap_or(0))
    }

    async fn write(
        &self,
        document: &DatasetDocument,
        version: i64,
        by: &CallerId,
        dry_run: bool,
    ) -> Result<Arc<DatasetRecord>> {
        const SQL: &str = "INSERT INTO datasets (dataset_id, version, document, updated_by, \
             updated_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (dataset_id) DO UPDATE SET \
             version = excluded.version, document = excluded.document, \
             updated_by = excluded.updated_by, updated_at = excluded.updated_at, removed_at = NULL";
        let record = Arc::new(DatasetRecord {
            dataset: Arc::new(document.to_dataset(&self.blocs)?),
            document: document.clone(),
            version,
            updated_by: by.to_string(),
            updated_at: self.clock.now(),
        });
        if dry_run {
            return Ok(record);
        }
        let text = serde_json::to_string(document).expect("plain data becomes text");
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL)
                .bind(&document.id)
                .bind(version)
                .bind(text)
                .bind(by.as_str())
                .bind(record.updated_at.as_microsecond())
                .execute(pool)
                .await?;
        });
        let view = self.view().0.insert(record.dataset.id.clone(), record.clone());
        self.current.store(Arc::new(View(view)));
        Ok(record)
    }
}

impl Row {
    fn read(self, blocs: &Blocs) -> Result<DatasetRecord> {
        let id = self.dataset_id;
        let unreadable = |why: String| Error::Unreadable(format!("{id}: {why}"));
        let document: DatasetDocument =
            serde_json::from_str(&self.document).map_err(|error| unreadable(error.to_string()))?;
        let dataset = document.to_dataset(blocs).map_err(|flaw| unreadable(flaw.to_string()))?;
        Ok(DatasetRecord {
            dataset: Arc::new(dataset),
            version: self.version,
            updated_by: self.updated_by,
            updated_at: Timestamp::from_microsecond(self.updated_at)
                .map_err(|error| unreadable(error.to_string()))?,
            document,
        })
    }
}
