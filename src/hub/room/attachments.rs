//! The files that messages carry.

use serde_json::Value;

use crate::{
    hub::files::Files,
    store::hub::{Connection, Result, files},
};

use super::Attachments;

impl Attachments for Files {
    fn describe(&self, conn: &mut Connection, file_id: i64) -> Result<Option<Value>> {
        let Some(file) = files::by_id(conn, file_id)? else {
            return Ok(None);
        };
        let standing = files::standing(conn, file_id)?;
        Ok(Some(Files::describe(self, &file, standing)))
    }

    fn claim(&self, conn: &mut Connection, owner_id: i64, file_id: i64) -> Result<()> {
        files::claim(conn, owner_id, file_id).map(drop)
    }
}
