import path from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const root = import.meta.dirname;

/** The Workers runtime with the consumer's own bindings. */
const workers = () =>
  cloudflareTest(async () => ({
    main: "./test/worker.ts",
    wrangler: { configPath: "./wrangler.consumer.toml" },
    miniflare: {
      bindings: { TEST_MIGRATIONS: await readD1Migrations(path.join(root, "shared/migrations")) },
      // A second Worker, for rules that route to a private service.
      serviceBindings: { INNER: "inner" },
      workers: [
        {
          name: "inner",
          modules: true,
          scriptPath: path.join(root, "test/egress/inner.js"),
          compatibilityDate: "2026-10-01",
        },
      ],
    },
  }));

/** What takes values and returns values: no store, so its files may share one runtime. */
const pure = [
  "test/{models,egress,conformance,governor,schedules}/**/*.test.ts",
  "test/{mcp/remote_tools,skills/front_matter}.test.ts",
  "test/loop/!(slice_time).test.ts",
  "test/shared/!(row_cost).test.ts",
  "test/tools/{define,idempotency,replacement,select,signature}.test.ts",
];

/** A first start of the interpreter on a busy machine takes seconds; only what hangs is to be cut. */
const patienceMs = 30_000;

/**
 * Three projects. `workerd` runs inside the Workers runtime on real D1, R2, Queues and Loader, each
 * file on stores of its own; `pure` is the part of it that needs none. `fleet` runs in Node and drives
 * both Workers from their real configurations.
 */
export default defineConfig({
  test: {
    // The Workers log a line for each event; a failed test shows its own.
    silent: "passed-only",
    // By itself vitest leaves one core free, which on two cores is one file after the other.
    maxWorkers: 2,
    projects: [
      {
        plugins: [workers()],
        test: { name: "pure", include: pure, isolate: false, testTimeout: patienceMs },
      },
      {
        plugins: [workers()],
        test: {
          name: "workerd",
          include: ["test/**/*.test.ts"],
          exclude: ["test/fleet/**", "**/node_modules/**", ...pure],
          setupFiles: ["./test/setup.ts"],
          testTimeout: patienceMs,
          hookTimeout: patienceMs,
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
