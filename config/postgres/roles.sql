-- Four roles with the least that each needs, for those who do not want everything to run as one.
-- An administrator of the database runs this file, any number of times:
--
--   psql -f config/postgres/roles.sql        -- makes the roles and an empty schema for the owner
--   runtime migrate                          -- with DATABASE_URL as queue_owner: makes the tables
--   psql -f config/postgres/roles.sql        -- gives each role its rights; again after upgrades
--
-- The roles have no password, so nobody can log in as them before you say how: by
-- `\password queue_worker`, by a certificate, or by `GRANT queue_enqueuer TO` the role that your
-- application has already. Does the store have another schema (?schema=NAME)? Replace
-- queue_runtime in this file.

DO $$ DECLARE
  missing text;
BEGIN
  FOR missing IN
    SELECT name FROM unnest(ARRAY['queue_owner', 'queue_worker', 'queue_enqueuer', 'queue_viewer'])
      AS name
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
  LOOP
    EXECUTE format('CREATE ROLE %I LOGIN', missing);
  END LOOP;
END $$;

-- The owner of all tables: `runtime migrate`, and nothing else has to run as this role. To hand the
-- schema over, an administrator who is no superuser has to be a member of it.
CREATE SCHEMA IF NOT EXISTS queue_runtime;
ALTER SCHEMA queue_runtime OWNER TO queue_owner;

GRANT USAGE ON SCHEMA queue_runtime TO queue_worker, queue_enqueuer, queue_viewer;

DO $$ BEGIN
  IF to_regclass('queue_runtime.schema_version') IS NULL THEN
    RAISE NOTICE 'the roles are there; run `runtime migrate` as queue_owner, then this file again';
    RETURN;
  END IF;

  -- `runtime start`, and the commands that look at jobs and act on them. It changes rows of every
  -- table and the shape of none: a schema that is too old is refused, not migrated.
  GRANT SELECT, INSERT, UPDATE, DELETE ON queue_runtime.jobs, queue_runtime.ended_jobs,
    queue_runtime.job_errors, queue_runtime.processes, queue_runtime.paused_queues,
    queue_runtime.job_gates, queue_runtime.slots, queue_runtime.unique_keys,
    queue_runtime.dependencies, queue_runtime.touched, queue_runtime.batches,
    queue_runtime.queue_settings, queue_runtime.concurrency_limits,
    queue_runtime.recurring_tasks, queue_runtime.recurring_ticks,
    queue_runtime.commands, queue_runtime.command_after, queue_runtime.command_groups,
    queue_runtime.environments TO queue_worker;
  GRANT SELECT ON queue_runtime.schema_version, queue_runtime.all_jobs, queue_runtime.job_overview
    TO queue_worker;

  -- openQueue(url, { migrate: false }), queue.in(transaction), and the SQL functions. It reads no
  -- input, not even its own; it claims, changes and deletes nothing. What it reads of processes is
  -- only whether anybody has to be woken. Commands, which a shell of the workers would run, it may
  -- not enqueue: for that a role needs UPDATE on jobs and the tables of commands, as queue_worker
  -- has them.
  GRANT INSERT (name, kind, queue, args, priority, label, run_at, created_at, state),
    SELECT (id, state) ON queue_runtime.jobs TO queue_enqueuer;
  GRANT SELECT (name) ON queue_runtime.queue_settings TO queue_enqueuer;
  GRANT SELECT (kind, saturated) ON queue_runtime.processes TO queue_enqueuer;
  GRANT SELECT ON queue_runtime.schema_version TO queue_enqueuer;
  GRANT EXECUTE ON FUNCTION queue_runtime.enqueue, queue_runtime.enqueue_many,
    queue_runtime.enqueue_linked, queue_runtime.lock_jobs, queue_runtime.reconcile,
    queue_runtime.open_batch, queue_runtime.seal_batch TO queue_worker, queue_enqueuer;
  GRANT EXECUTE ON FUNCTION queue_runtime.next_ids, queue_runtime.next_place,
    queue_runtime.maintain, queue_runtime.refill, queue_runtime.take_slot,
    queue_runtime.regate_queue, queue_runtime.regate_among, queue_runtime.regate_missed,
    queue_runtime.gate_runs, queue_runtime.gate_waiting TO queue_worker;

  -- Dashboards and people: what is where and since when, without inputs, results and messages. Nor
  -- are command lines and environments theirs: people leave passwords in both.
  GRANT SELECT ON queue_runtime.job_overview TO queue_viewer;
END $$;
