-- MySQL's list of stopwords holds "a" and "i", and the ngram parser drops every pair of
-- letters that contains one: without this, "rain" would find nothing.
SET SESSION innodb_ft_enable_stopword = OFF;

CREATE TABLE IF NOT EXISTS products (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(200) NOT NULL,
    price INT UNSIGNED NOT NULL,
    FULLTEXT INDEX products_name (name) WITH PARSER ngram
) CHARACTER SET utf8mb4;
