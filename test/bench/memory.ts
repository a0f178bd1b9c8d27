/**
 * The memory of four tasks that need as much as a task can: `node --expose-gc test/bench/memory.ts`. Each has a
 * transcript of three replies of almost 4 MB, 16 MB of files, a program that gets a copy of the files, and ten
 * answers of almost 10 MB at once. The loop, the journal, the gateway and the transport are the fleet's own; the
 * stores, the sandbox and the network are in memory. It prints the largest live heap above the start, in
 * megabytes, for one task, for four, and for four without the budget.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import v8 from "node:v8";
import { Type } from "@sinclair/typebox";
import { noApprovals } from "../../consumer/approvals/desk.ts";
import { createGateway, type Gateway } from "../../consumer/egress/gateway.ts";
import { JournalWriter } from "../../consumer/loop/journal/journal_writer.ts";
import { runLoop } from "../../consumer/loop/loop.ts";
import type { LoopEnd } from "../../consumer/loop/loop_end.ts";
import { ByteBudget, type MemoryShare } from "../../consumer/memory/byte_budget.ts";
import { expectedBytes, transcriptBytes } from "../../consumer/memory/task_bytes.ts";
import { openAiTransport } from "../../consumer/models/transport/openai.ts";
import { defineTool, type Tool } from "../../consumer/tools/define.ts";
import { readPolicy } from "../../policies/policy.ts";
import { memoryLimits, workspaceLimits } from "../../shared/limits.ts";
import { profileOf } from "../../shared/models/profiles.ts";
import { ok } from "../../shared/result.ts";
import { noUsage } from "../../shared/spend/usage.ts";
import { loopTask, MemoryStores, modelOver, toolHostWith } from "../loop/memory.ts";

const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) {
  console.error("Run it as: node --expose-gc test/bench/memory.ts");
  process.exit(2);
}

const longReplies = 3;
/** Two bytes each, on the wire and in memory. */
const replyChars = 1_900_000;
const answers = 10;
const answerBytes = 9_900_000;
const chunkBytes = 65_536;

/** Live bytes after a collection; the platform too collects before it ends an isolate. */
function liveBytes(): number {
  // The second collection counts the buffers that the first one found.
  collect?.();
  collect?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The largest live heap above the start while the work runs, in megabytes. */
async function peakMb(work: () => Promise<void>): Promise<number> {
  const before = liveBytes();
  let peak = before;
  const sampler = setInterval(() => {
    peak = Math.max(peak, liveBytes());
  }, 100);
  await work().finally(() => clearInterval(sampler));
  return (peak - before) / 1_000_000;
}

/** A body that comes in chunks, without a length. */
function largeAnswer(): Response {
  let left = answerBytes;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setImmediate(resolve));
      const size = Math.min(chunkBytes, left);
      left -= size;
      if (size === 0) controller.close();
      else controller.enqueue(new Uint8Array(size));
    },
  });
  return new Response(body);
}

function openGateway(share: MemoryShare, signal: AbortSignal): Gateway {
  const policy = readPolicy({ rules: [{ host: "big.example" }] });
  if (!policy.ok) throw new Error("the policy is invalid");
  return createGateway({
    policyName: "bench",
    policy: ok({ policy: policy.value.policy }),
    mode: "deployed",
    secretOf: () => undefined,
    hosts: new Map(),
    routes: {},
    limits: { requests: 1_000, bytes: 1_000_000_000 },
    used: { requests: 0, bytes_in: 0, bytes_out: 0, ms: 0 },
    signal,
    announce: async () => "go",
    log: () => undefined,
    lend: () => share.lend("answer"),
    send: async () => largeAnswer(),
  });
}

/** A tool like run_code: it gets a copy of the files, sends requests, and returns a copy. */
const loadTool = (share: MemoryShare, gateway: Gateway, files: Uint8Array[]): Tool =>
  defineTool({
    name: "load",
    description: "Loads.",
    input: Type.Object({ n: Type.Integer() }),
    effect: "read",
    async run() {
      const loan = share.lend("call");
      const unread = files.length === 0 ? workspaceLimits.bytesMax : 0;
      await loan.grow(memoryLimits.runFactor * workspaceLimits.bytesMax + unread, {});
      // Read only now, as the workspace does.
      if (unread > 0) files.push(...[0, 1].map(() => new Uint8Array(workspaceLimits.fileBytesMax)));
      const copies = structuredClone(files);
      const sizes = await Promise.all(
        Array.from({ length: answers }, async (_, n) => {
          const url = `https://big.example/${n}`;
          const { body } = await gateway.fetch({ url, method: "GET", headers: [], body: null });
          return body.byteLength;
        }),
      );
      const changes = structuredClone(copies);
      loan.end();
      return { ok: true, text: `${sizes.join()} ${bytesOf(changes)}` };
    },
  });

const bytesOf = (files: readonly Uint8Array[]): number =>
  files.reduce((sum, file) => sum + file.byteLength, 0);

const replyOf = (n: number): Response => {
  const call =
    n <= longReplies + 1
      ? { name: "load", arguments: JSON.stringify({ n }) }
      : { name: "final_answer", arguments: '{"text":"x"}' };
  const message = {
    content: n <= longReplies ? "я".repeat(replyChars) : "Done.",
    tool_calls: [{ id: `x${n}`, type: "function", function: call }],
  };
  const usage = { prompt_tokens: 1_000, completion_tokens: 1_000 };
  return Response.json({ choices: [{ finish_reason: "tool_calls", message }], usage });
};

/** One slice after the other, as the queue would deliver them, until the task has its answer. */
async function runTask(budget: ByteBudget): Promise<number> {
  const stores = {
    DB: new MemoryStores().DB,
    OBJECTS: { put: async () => ({}) } as unknown as R2Bucket,
  };
  tasksStarted += 1;
  const journalFile = path.join(directory, String(tasksStarted));
  let calls = 0;
  const transport = openAiTransport({
    baseUrl: "http://bench.invalid/v1",
    profile: profileOf("bench"),
    send: async () => replyOf(++calls),
  });
  const model = modelOver(transport, "bench", { ...profileOf("bench"), windowTokens: 50_000_000 });
  for (let fence = 1; ; fence++) {
    const end = await runSlice(budget, { stores, journalFile, fence, model });
    if (end.kind === "answered") return fence;
    if (end.kind !== "yielded" && end.kind !== "failure") throw new Error(JSON.stringify(end));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

interface SliceOptions {
  stores: { DB: D1Database; OBJECTS: R2Bucket };
  /** The journal between two slices, which no task holds in memory then. */
  journalFile: string;
  fence: number;
  model: ReturnType<typeof modelOver>;
}

async function runSlice(
  budget: ByteBudget,
  { stores, journalFile, fence, model }: SliceOptions,
): Promise<LoopEnd> {
  const share = budget.open();
  try {
    const calls = fence > 1 ? longReplies : 0;
    const usage = { ...noUsage, model_calls: calls, completion_tokens: calls * replyChars };
    if (!(await share.admit(expectedBytes(usage), { msMax: memoryLimits.waitMsMax })))
      return { kind: "yielded" };
    const steps = readSteps(journalFile);
    const used = steps.at(-1)?.usage ?? noUsage;
    const files: Uint8Array[] = [];
    const { signal } = new AbortController();
    const tools = [loadTool(share, openGateway(share, signal), files)];
    const limits = { steps: 100, model_calls: 100, tokens: 100_000_000, seconds: 10_000 };
    const task = loopTask(tools, [{ role: "user", content: "Work." }], limits);
    const start = { tenant: "t", steps, used, mayHaveRows: fence > 1, hasCeiling: false };
    const journal = new JournalWriter(stores, { id: "task_1", fence }, start);
    const taskBytes = () =>
      memoryLimits.taskBytes + transcriptBytes(journal.steps) + bytesOf(files);
    const toolHost = toolHostWith(tools);
    const memory = { share, taskBytes };
    const end = await runLoop(task, [model], {
      journal,
      toolHost,
      approvals: noApprovals,
      signal,
      sliceMs: 60_000,
      memory,
    });
    await journal.flush();
    fs.writeFileSync(journalFile, v8.serialize(journal.steps));
    return end;
  } finally {
    share.close();
  }
}

function readSteps(file: string): JournalWriter["steps"] {
  return fs.existsSync(file)
    ? (v8.deserialize(fs.readFileSync(file)) as JournalWriter["steps"])
    : [];
}

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "memory-"));
let tasksStarted = 0;
console.log = () => undefined;
for (const [name, tasks, bytesMax] of [
  ["one task", 1, memoryLimits.isolateBytesMax],
  ["four tasks", 4, memoryLimits.isolateBytesMax],
  ["four tasks without the budget", 4, Number.POSITIVE_INFINITY],
] as const) {
  const startedAt = Date.now();
  let slices = 0;
  const budget = new ByteBudget(bytesMax);
  const peak = await peakMb(async () => {
    const runs = Array.from({ length: tasks }, () => runTask(budget));
    for (const run of runs) slices += await run;
  });
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  process.stdout.write(`${name}: ${peak.toFixed(0)} MB, ${slices} slices, ${seconds} s\n`);
}
fs.rmSync(directory, { recursive: true, force: true });
