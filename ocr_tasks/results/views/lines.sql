-- One row a line, over a table or view `pages` of page rows:
--   CREATE VIEW pages AS SELECT * FROM read_parquet('OUTPUT/pages/**/*.parquet');
CREATE OR REPLACE VIEW lines AS
SELECT
    page_id,
    source_uri,
    source_member,
    page_index,
    collection,
    run_id,
    line.reading_order AS reading_order,
    line.line_index AS line_index,
    line.text AS text,
    line.conf AS conf,
    line.det_score AS det_score,
    line.bbox AS bbox,
    line.polygon AS polygon,
    line.angle AS angle
FROM (SELECT *, UNNEST(lines) AS line FROM pages)
ORDER BY source_uri, source_member, page_index, reading_order;
