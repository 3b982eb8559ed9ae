// Opening and sealing batches. When they are over, and what follows, is in ../ends.ts.

import { asOwner, safely } from "../links.ts";

export const batches: string = `
CREATE FUNCTION queue_runtime.open_batch_any(batch json, metadata json, callback_args json)
RETURNS bigint LANGUAGE plpgsql ${safely} AS $$
DECLARE
  opened bigint;
BEGIN
  PERFORM queue_runtime.check_batch(batch, metadata, callback_args);
  INSERT INTO queue_runtime.batches
    (created_at, description, metadata, on_finish, on_success, on_failure, callback_args)
  SELECT queue_runtime.now_ms(), batch ->> 'description', open_batch_any.metadata,
    batch -> 'onFinish', batch -> 'onSuccess', batch -> 'onFailure',
    coalesce(open_batch_any.callback_args, '[null, null, null]')
  RETURNING id INTO opened;
  RETURN opened;
END $$;

CREATE FUNCTION queue_runtime.open_batch(batch json, metadata json, callback_args json)
RETURNS bigint LANGUAGE plpgsql ${asOwner} AS $$
BEGIN
  IF json_typeof(batch) = 'object' THEN
    PERFORM queue_runtime.refuse_kind(callback ->> 'kind') FROM unnest(ARRAY[
      batch -> 'onFinish', batch -> 'onSuccess', batch -> 'onFailure']) AS callback
    WHERE json_typeof(callback) = 'object' AND callback ->> 'kind' <> 'module';
  END IF;
  RETURN queue_runtime.open_batch_any(batch, metadata, callback_args);
END $$;

CREATE FUNCTION queue_runtime.seal_batch(batch bigint) RETURNS boolean
LANGUAGE plpgsql ${asOwner} AS $$
BEGIN
  UPDATE queue_runtime.batches SET state = 'sealed' WHERE id = batch AND state = 'open';
  IF FOUND THEN PERFORM queue_runtime.touch(-batch); END IF;
  RETURN EXISTS (SELECT FROM queue_runtime.batches WHERE id = batch);
END $$;`;
