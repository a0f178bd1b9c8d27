import path from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const root = import.meta.dirname;

/**
 * Two projects. `workerd` runs inside the Workers runtime on real D1, R2, Queues and
 * Loader. `fleet` runs in Node and drives both Workers from their real configurations.
 */
export default defineConfig({
  test: {
    // The Workers log a line for each event; a failed test shows its own.
    silent: "passed-only",
    projects: [
      {
        plugins: [
          cloudflareTest(async () => ({
            main: "./test/worker.ts",
            wrangler: { configPath: "./wrangler.consumer.toml" },
            miniflare: {
              bindings: {
                TEST_MIGRATIONS: await readD1Migrations(path.join(root, "shared/migrations")),
              },
            },
          })),
        ],
        test: {
          name: "workerd",
          include: ["test/**/*.test.ts"],
          exclude: ["test/fleet/**", "**/node_modules/**"],
          setupFiles: ["./test/setup.ts"],
        },
      },
      {
        test: {
          name: "fleet",
          include: ["test/fleet/**/*.test.ts"],
          // Local fleets take ports, processes and both cores: one file at a time.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
