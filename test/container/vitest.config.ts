// Apart from the other projects: it wants podman, a minute, and a network to build the image with.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    name: "container",
    include: ["test/container/*.test.ts"],
    globalSetup: ["test/container/world.ts"],
    fileParallelism: false,
    setupFiles: ["test/support/second-look.ts"],
    retry: { count: 2 },
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
