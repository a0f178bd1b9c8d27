import path from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const root = import.meta.dirname;

/** The Workers runtime with the consumer's own bindings. */
const workers = () =>
  cloudflareTest(async () => ({
    main: "./test/worker.ts",
    wrangler: { configPath: "./wrangler.consumer.toml" },
    miniflare: {
      bindings: {
        TEST_MIGRATIONS: await readD1Migrations(path.join(root, "shared/migrations")),
        // How many requests test/producer/fuzzed_calls.test.ts makes, and from which seed.
        ...(process.env.FUZZ_REQUESTS === undefined
          ? {}
          : { FUZZ_REQUESTS: process.env.FUZZ_REQUESTS }),
        ...(process.env.FUZZ_SEED === undefined ? {} : { FUZZ_SEED: process.env.FUZZ_SEED }),
      },
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
  "test/{models,openai,egress,conformance,governor,schedules,dashboard}/**/*.test.ts",
  "test/{mcp/remote_tools,skills/front_matter}.test.ts",
  "test/loop/!(slice_time).test.ts",
  "test/shared/!(row_cost).test.ts",
  "test/tools/{define,idempotency,replacement,select,signature}.test.ts",
];

/** What takes longest, the longest first; the size of a file, which vitest goes by, does not tell. */
const long = [
  "test/fleet/local/hung.test.ts",
  "test/chaos/seeded_bugs.test.ts",
  "test/fleet/local/crash.test.ts",
  "test/chaos/in_process.test.ts",
  "test/fleet/docs/examples.test.ts",
  "test/fleet/local/",
  "test/sandbox/hostile.test.ts",
  "test/consumer/fault_matrix.test.ts",
];

/** Begins with what takes longest, so that no core stands idle beside the last file. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const name = path.relative(root, moduleId);
      const found = long.findIndex((start) => name.startsWith(start));
      return found < 0 ? long.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

/** A first start of the interpreter on a busy machine takes seconds; only what hangs is to be cut. */
const patienceMs = 30_000;

/**
 * Three projects. `workerd` runs inside the Workers runtime on real D1, R2, Queues and Loader, each
 * file on empty stores; `pure` is the part of it that needs none. `fleet` runs in Node and drives
 * both Workers from their real configurations. Files share what they run in: a runtime of its own for
 * each, with its own copy of the sources, would cost more than the tests. `--isolate` gives them one.
 */
export default defineConfig({
  test: {
    // The Workers log a line for each event; a failed test shows its own.
    silent: "passed-only",
    // By itself vitest leaves one core free. On two cores a third has work while a local fleet waits.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        plugins: [workers()],
        test: { name: "pure", include: pure, isolate: false, testTimeout: patienceMs },
      },
      {
        plugins: [workers()],
        test: {
          name: "workerd",
          isolate: false,
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
          isolate: false,
          include: ["test/fleet/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
