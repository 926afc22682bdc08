DROP TABLE audit_shipped;
DROP TABLE audit_head;
DROP TABLE audit;
