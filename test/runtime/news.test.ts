// How the news of a shared store reach a host: one watch, whatever is reconfigured, and one line when
// changes are not announced any more.

import type { News } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { StoreHealth } from "../../packages/runtime/src/service/store-health.ts";
import { Newsroom } from "../../packages/runtime/src/supervisor/news.ts";
import { temporaryStore } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";
import { load } from "./support/config-file.ts";
import { CutLink } from "./support/cut-link.ts";
import { notedLog } from "./support/noted-log.ts";

const file = (worker: string, dispatcher: string): string =>
  JSON.stringify({
    workers: [
      { name: "a", polling_interval: worker },
      { name: "b", polling_interval: "5s" },
    ],
    dispatcher: { polling_interval: dispatcher },
  });

async function newNewsroom() {
  const opened = await temporaryStore();
  const link = new CutLink(opened.store);
  const log = notedLog();
  const health = new StoreHealth(log);
  const told: News[] = [];
  const tell = (news: News) => void told.push(news);
  const options = { log, health, tell, patienceMs: 20 };
  return {
    ...options,
    link,
    told,
    real: opened.store,
    newsroom: new Newsroom({ ...options, store: link.store }),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

describe("the news of a shared store", () => {
  it("come from one watch, which polls as often as the most impatient wants", async () => {
    await using world = await newNewsroom();
    const { newsroom, link, told } = world;
    newsroom.open(await load(file("700ms", "3s")));
    expect(link.watchers).toMatchObject([{ options: { pollMs: 700 } }]);
    expect(told).toEqual(["any"]);
    link.watchers[0]!.tell("scheduled");
    expect(told).toEqual(["any", "scheduled"]);
    newsroom.open(await load(file("2s", "300ms")));
    expect(link.watchers).toMatchObject([{ options: { pollMs: 300 } }]);
    newsroom.close();
    expect(link.watchers).toEqual([]);
  });

  it("are not the business of a supervisor whose store is its own host's", async () => {
    await using world = await newNewsroom();
    const { log, health, tell, told } = world;
    new Newsroom({ store: world.real, log, health, tell }).open(await load("{}"));
    expect(told).toEqual([]);
  });

  it("that are only polled for are one line, and one more when they are announced again", async () => {
    await using world = await newNewsroom();
    const { newsroom, link, log } = world;
    newsroom.open(await load("{}"));
    const health = link.watchers[0]!.options.health!;
    health("the pooler keeps no session");
    health("the pooler keeps no session");
    await waitFor(() => log.types.length === 1);
    expect(log.events).toEqual([{ type: "news-polled", message: "the pooler keeps no session" }]);
    health("the pooler keeps no session");
    health(null);
    health(null);
    expect(log.types).toEqual(["news-polled", "news-announced"]);
    newsroom.close();
  });

  it("that stop for a moment, or with the store itself, are no line of their own", async () => {
    await using world = await newNewsroom();
    const { newsroom, link, log, health } = world;
    newsroom.open(await load("{}"));
    const say = link.watchers[0]!.options.health!;
    say("the connection ended");
    say(null);
    const user = health.user();
    user.failed(new Error("nothing answers"));
    say("the connection ended");
    const until = performance.now() + 70;
    await waitFor(() => performance.now() > until);
    user.succeeded();
    say(null);
    expect(log.types).toEqual(["store-trouble", "store-well"]);
    newsroom.close();
  });

  it("are listened for anew after trouble of the store, unless nobody could hear them anyway", async () => {
    await using world = await newNewsroom();
    const { newsroom, link, told, log } = world;
    newsroom.renew();
    expect(link.watchers).toEqual([]);
    newsroom.open(await load("{}"));
    const [first] = link.watchers;
    newsroom.renew();
    expect(link.watchers).toHaveLength(1);
    expect(link.watchers[0]).not.toBe(first);
    // whatever was said during the trouble was not heard
    expect(told).toEqual(["any", "any"]);
    const [second] = link.watchers;
    second!.options.health!("the pooler keeps no session");
    await waitFor(() => log.types.length === 1);
    newsroom.renew();
    expect(link.watchers).toEqual([second]);
    newsroom.close();
    newsroom.renew();
    expect(link.watchers).toEqual([]);
  });
});
