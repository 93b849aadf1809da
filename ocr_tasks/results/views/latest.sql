-- The newest row of every page, over a table or view `pages` of page rows of any number of runs:
--   CREATE VIEW pages AS SELECT * FROM read_parquet('OUTPUT/pages/**/*.parquet');
-- A retry has a row for every page that failed before it, so its rows and the older ones together
-- are the state of a collection.
CREATE OR REPLACE VIEW latest AS
SELECT *
FROM pages
QUALIFY row_number() OVER (
    PARTITION BY collection, page_id
    ORDER BY processed_at DESC, run_id DESC
) = 1
ORDER BY source_uri, source_member, page_index;
