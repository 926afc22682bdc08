DROP TABLE accounts_generation;
DROP TABLE settings;
DROP TABLE terminals;
DROP TABLE known_pairs;
DROP TABLE refresh_tokens;
DROP TABLE logins;
DROP TABLE users;
