import { globSync } from "node:fs";
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
        // How many requests test/producer/api/fuzzed_calls.test.ts makes, and from which seed.
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

/** Tests of values in, values out. They run in plain Node, so that `npm run test:unit` is quick. */
const pureGlobs = [
  "test/{models,openai,egress,conformance,governor,schedules,dashboard,evals}/**/*.test.ts",
  "test/{mcp,tools,skills}/bounds.test.ts",
  "test/{mcp/remote_tools,mcp/odd_servers,skills/front_matter,producer/http/json_text}.test.ts",
  "test/{loop,quality}/**/*.test.ts",
  "test/shared/!(row_cost).test.ts",
  "test/{attacks,fuzz}/**/*.test.ts",
  "test/consumer/slice/outcome.test.ts",
  "test/tools/{define,idempotency,signature,standard/replacement,with_bindings/select}.test.ts",
  "test/producer/{tasks/task_limits,batches/batch_limits,ingress/mailbox}.test.ts",
];

/** Among them, those that need what only the Workers runtime has. */
const runtimeOnly = [
  "test/conformance/egress/{engines,one_way_out}.test.ts",
  "test/egress/gateway/{routes,storm,streaming}.test.ts",
];

const filesOf = (globs: string[]): string[] => globSync(globs, { cwd: root });
const pure = filesOf(pureGlobs).filter((file) => !filesOf(runtimeOnly).includes(file));

/** The slowest files, slowest first. Vitest orders by file size, which does not predict the duration. */
const long = [
  "test/fleet/deploy/real_wrangler.test.ts",
  "test/fleet/local/hung.test.ts",
  "test/chaos/seeded_bugs.test.ts",
  "test/fleet/local/crash.test.ts",
  "test/chaos/in_process.test.ts",
  "test/fleet/docs/examples.test.ts",
  "test/fleet/local/",
  "test/sandbox/hostile/hostile.test.ts",
  "test/consumer/slice/fault_matrix.test.ts",
];

/** Starts with the slowest files, so that no core is idle while the last file runs. */
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

/** The interpreter's first start on a busy machine takes seconds; only a hang should time out. */
const patienceMs = 30_000;

/**
 * Three projects. `unit` is plain Node. `workerd` runs inside the Workers runtime on real D1, R2, Queues
 * and Loader, each file on empty stores. `fleet` runs in Node and drives both Workers from their real
 * configurations. Files share a runtime: one for each file would cost more than its tests. `--isolate`
 * gives each file its own.
 */
export default defineConfig({
  test: {
    // The Workers log a line for each event; only a failed test shows its lines.
    silent: "passed-only",
    // Vitest leaves one core free by default. A third worker has work while a local fleet waits.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: { name: "unit", include: pure, isolate: false, testTimeout: patienceMs },
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
