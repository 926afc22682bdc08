DROP TRIGGER messages_drop_file_update;
DROP TRIGGER messages_drop_file_delete;
DROP TABLE files_dropped;
DROP INDEX files_unsent_by_time;
DROP INDEX rooms_with_retention;
