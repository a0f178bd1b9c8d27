/**
 * `npm run test:model`: the scorecard and eight example tasks on the model that MODEL names, at whatever
 * OpenAI-compatible server MODEL_BASE_URL names, through a fleet of its own. Writes a dated card to
 * docs/models/. A small model passes few of them; each reply must end in a typed, explained state.
 */
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { exampleBatch } from "../../examples/batch.ts";
import { startDevServer } from "../../producer/local/dev_server.ts";
import { cardText, type ExampleOutcome, listUnexplained, type Scorecard } from "./card.ts";

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, "../..");
const exampleNames = [
  ...["revenue-by-country", "join-products", "currency-totals", "purchase-plan"],
  ...["answer-corrected", "classify-tickets", "dedupe-customers", "rename-host"],
];
const waitMsMax = 1_800_000;

const { MODEL: model, MODEL_BASE_URL: baseUrl } = process.env;
if (model === undefined || baseUrl === undefined) {
  console.error(
    "Set MODEL and MODEL_BASE_URL, such as MODEL=qwen3:8b MODEL_BASE_URL=http://127.0.0.1:11434/v1.",
  );
  process.exit(2);
}

const stateDir = fs.mkdtempSync(path.join(os.tmpdir(), "fleet-model-"));
const fleet = await startDevServer({
  port: Number(process.env.PORT ?? "8797"),
  stateDir,
  // A small server works on few calls at once; with more, calls wait in its queue until our deadline.
  environment: { FLEET_CONCURRENCY: "2", ...process.env },
  quiet: true,
});
try {
  const scorecard = await checkModel(model);
  const examples = await runExamples(model);
  const today = new Date().toISOString().slice(0, 10);
  const folder = path.join(root, "docs/models");
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${today}-${model.replace(/[^\w.-]+/g, "_")}.md`);
  fs.writeFileSync(file, cardText({ model, at: today, scorecard, examples }));
  console.log(
    `Wrote ${path.relative(root, file)}: ${scorecard.passed} of ${scorecard.total} passed.`,
  );
  const faults = listUnexplained(scorecard, examples);
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  await fleet.stop();
}

/** The scorecard as `fleet model check --json` prints it; a failed test does not fail this run. */
async function checkModel(name: string): Promise<Scorecard> {
  const cli = path.join(root, "producer/cli/fleet.mjs");
  const args = [cli, "model", "check", name, "--json", "--url", fleet.url];
  const env = { ...process.env, FLEET_API_KEY: fleet.key };
  const { stdout } = await run(process.execPath, args, { env, maxBuffer: 1e8 }).catch(
    (error: { stdout?: string; code?: number; message: string }) => {
      if (error.code === 1 && error.stdout) return { stdout: error.stdout };
      throw new Error(error.message);
    },
  );
  return JSON.parse(stdout) as Scorecard;
}

async function runExamples(name: string): Promise<ExampleOutcome[]> {
  const tasks = exampleBatch().filter(({ custom_id: id }) => exampleNames.includes(id));
  const ids = await Promise.all(
    tasks.map(async ({ rehearsal: _, ...task }) => {
      // A small model on a busy machine writes some ten tokens a second.
      const limits = { model_calls: 4, seconds: 300, tokens: 60_000 };
      const sampling = { output_tokens_max: 400 };
      const body = { ...task, model: name, fallback_models: [], attempts: 1, limits, sampling };
      const { id } = (await call("POST", "/v1/tasks", body)) as { id: string };
      return id;
    }),
  );
  const until = Date.now() + waitMsMax;
  return Promise.all(ids.map((id) => settled(id, until)));
}

async function settled(id: string, until: number): Promise<ExampleOutcome> {
  for (;;) {
    const task = (await call("GET", `/v1/tasks/${id}`)) as ExampleOutcome & {
      finished_at: unknown;
    };
    if (task.finished_at !== null || Date.now() > until) return task;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
}

async function call(method: string, route: string, body?: object): Promise<unknown> {
  const response = await fetch(`${fleet.url}${route}`, {
    method,
    headers: { authorization: `Bearer ${fleet.key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok)
    throw new Error(`${method} ${route}: ${response.status} ${await response.text()}`);
  return response.json();
}
