// Before all container tests: a world for podman, and the images in it. Afterwards nothing of it is
// left.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { addedBytes, build, images, provideBase } from "./images.ts";
import { Podman } from "./podman.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder of podman's world. */
    world: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const podman = new Podman(mkdtempSync(join(tmpdir(), "queue-runtime-")));
  const teardown = async (): Promise<void> => {
    await podman.destroy();
    rmSync(podman.folder, { recursive: true, force: true });
  };
  try {
    await podman.create();
    await makeImages(podman);
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide("world", podman.folder);
  return teardown;
}

async function makeImages(podman: Podman): Promise<void> {
  const start = performance.now();
  const how = await provideBase(podman);
  const middle = performance.now();
  say(`${images.base} ${how} in ${seconds(middle - start)}`);
  await build(podman);
  const size = ((await addedBytes(podman)) / 1e6).toFixed(1);
  say(`${images.runtime} built in ${seconds(performance.now() - middle)}, ${size} MB more`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function say(line: string): void {
  process.stderr.write(`container: ${line}\n`);
}
