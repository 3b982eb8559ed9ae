// What a column of a job may hold, also where it came past every program of ours: the bounds of
// ../../rules/new-job.ts as types. Beyond them one row stops everybody: workers read numbers as
// JavaScript does, and would look for ever for a lane whose priority was rounded on its way.
//
// Domains, because they are looked at only where a value comes from outside. A CHECK of the table
// is evaluated anew whenever a job is claimed, saved or settled; and like the WHEN of a trigger it
// is parsed anew by every statement: an insert of one job took 48 or 55 us instead of 25, and takes
// 29 like this. A trigger without WHEN made each row of a batch cost 4.3 us instead of 3.4, and
// this does 3.7. The constraints are named by what they ask for: the server says their names to
// whom it refuses.
//
// The args are measured where they are large as they stand: nothing compresses 256 bytes to 1.

const safe = Number.MAX_SAFE_INTEGER;
/** The last millisecond a `Date` can hold. */
const latest = 8_640_000_000_000_000;

export const domains: string = `
CREATE DOMAIN queue_runtime.job_name AS text COLLATE "C"
  CONSTRAINT "must have 1 to 200 characters" CHECK (VALUE <> '' AND length(VALUE) <= 200);

CREATE DOMAIN queue_runtime.job_kind AS text
  CONSTRAINT "must be module or command" CHECK (VALUE IN ('module', 'command'));

CREATE DOMAIN queue_runtime.job_queue AS text COLLATE "C"
  CONSTRAINT "must have 1 to 200 characters, and no *"
  CHECK (VALUE <> '' AND length(VALUE) <= 200 AND VALUE NOT LIKE '%*%');

CREATE DOMAIN queue_runtime.job_priority AS bigint
  CONSTRAINT "must be from -2^53 + 1 to 2^53 - 1" CHECK (VALUE BETWEEN -${safe} AND ${safe});

CREATE DOMAIN queue_runtime.job_label AS text
  CONSTRAINT "must have 1 to 10000 characters" CHECK (VALUE <> '' AND length(VALUE) <= 10000);

CREATE DOMAIN queue_runtime.job_time AS bigint
  CONSTRAINT "must be milliseconds since 1970, up to the last Date of JavaScript"
  CHECK (VALUE BETWEEN 0 AND ${latest});

CREATE DOMAIN queue_runtime.job_args AS json
  CONSTRAINT "must have at most 1048576 bytes"
  CHECK (pg_column_size(VALUE) < 4096 OR octet_length(VALUE::text) <= 1048576);
`;
