DROP TABLE notifications_shipped;
DROP TABLE notifications;
