// What every store must do, whatever it is made of. A store's own test file calls this with a way
// to open it; what only one store can do (bad files, raw SQL) is tested beside that call.

import { describe } from "vitest";
import { actionsContract } from "./contract/actions.ts";
import { claimContract } from "./contract/claim.ts";
import { commandsContract } from "./contract/commands.ts";
import { enqueueContract } from "./contract/enqueue.ts";
import { batchesContract } from "./contract/flow/batches.ts";
import { brokenDependenciesContract } from "./contract/flow/broken-dependencies.ts";
import { byNameContract } from "./contract/flow/by-name.ts";
import { dependenciesContract } from "./contract/flow/dependencies.ts";
import { fairContract } from "./contract/flow/fair.ts";
import { queueSettingsContract } from "./contract/flow/queue-settings.ts";
import { ratesContract } from "./contract/flow/rates.ts";
import { releasedRatesContract } from "./contract/flow/released-rates.ts";
import { replaceContract } from "./contract/flow/replace.ts";
import { replaceAllContract } from "./contract/flow/replace-all.ts";
import { flowTransactionsContract } from "./contract/flow/transactions.ts";
import { uniqueRetryContract } from "./contract/flow/unique-retry.ts";
import { uniquesContract } from "./contract/flow/uniques.ts";
import { listsContract } from "./contract/lists.ts";
import { processesContract } from "./contract/processes.ts";
import { queuesContract } from "./contract/queues.ts";
import { recoveryContract } from "./contract/recovery.ts";
import { recurringContract } from "./contract/recurring.ts";
import { batchRetentionContract } from "./contract/retention/batches.ts";
import { uniqueRetentionContract } from "./contract/retention/unique-keys.ts";
import { settleContract } from "./contract/settle.ts";
import { severalContract } from "./contract/several.ts";
import { contendersContract } from "./contract/slots/contenders.ts";
import { eventsContract } from "./contract/slots/events.ts";
import { gatesContract } from "./contract/slots/gates.ts";
import { limitsContract } from "./contract/slots/limits.ts";
import { linesContract } from "./contract/slots/lines.ts";
import { maintenanceContract } from "./contract/slots/maintenance.ts";
import { newsContract } from "./contract/slots/news.ts";
import { orderContract } from "./contract/slots/order.ts";
import { patienceContract } from "./contract/slots/patience.ts";
import { promotionContract } from "./contract/slots/promotion.ts";
import { suspectsContract } from "./contract/suspects.ts";
import { troubleContract } from "./contract/trouble.ts";
import { worldsContract } from "./contract/why/worlds.ts";
import { whyContract } from "./contract/why.ts";
import type { OpenStore } from "./contract/world.ts";

export function storeContract(name: string, open: OpenStore): void {
  describe(name, () => {
    conversationContract(open);
    orderContract(open);
    eventsContract(open);
    promotionContract(open);
    linesContract(open);
    patienceContract(open);
    newsContract(open);
    ratesContract(open);
    releasedRatesContract(open);
    fairContract(open);
    byNameContract(open);
    uniqueRetryContract(open);
    replaceContract(open);
    replaceAllContract(open);
    brokenDependenciesContract(open);
    batchRetentionContract(open);
    uniqueRetentionContract(open);
    contendersContract(open);
    worldsContract(open);
    commandsContract(open);
  });
}

/**
 * What every part of a store is asked for: for one that is reached in another way, where what the
 * database makes of it is the same.
 */
export function conversationContract(open: OpenStore): void {
  enqueueContract(open);
  claimContract(open);
  settleContract(open);
  recoveryContract(open);
  suspectsContract(open);
  troubleContract(open);
  actionsContract(open);
  listsContract(open);
  queuesContract(open);
  processesContract(open);
  severalContract(open);
  gatesContract(open);
  limitsContract(open);
  maintenanceContract(open);
  queueSettingsContract(open);
  uniquesContract(open);
  dependenciesContract(open);
  batchesContract(open);
  flowTransactionsContract(open);
  recurringContract(open);
  whyContract(open);
}
