/** The real loop and journal writer over stores in memory, which a kill can stop at any write. */
import { noApprovals } from "../../consumer/approvals/desk.ts";
import { answerForm } from "../../consumer/loop/answer/answer_form.ts";
import type { ToolHost } from "../../consumer/loop/calls/run_call.ts";
import { JournalWriter } from "../../consumer/loop/journal/journal_writer.ts";
import { runLoop } from "../../consumer/loop/loop.ts";
import type { LoopEnd } from "../../consumer/loop/loop_end.ts";
import { type LoopTask, nothingReserved } from "../../consumer/loop/loop_slice.ts";
import { type ModelClient, traitsOf } from "../../consumer/loop/model_client.ts";
import { finalAnswerOffer, offerOf } from "../../consumer/tools/catalog.ts";
import type { Tool } from "../../consumer/tools/define.ts";
import type { Message, Transport } from "../../shared/models/model.ts";
import { type Profile, profileOf } from "../../shared/models/profiles.ts";
import { ok } from "../../shared/result.ts";
import { type Bounds, boundsOf } from "../../shared/spend/budgets.ts";
import { noUsage, type Usage } from "../../shared/spend/usage.ts";
import { type StepRow, unpackTurn } from "../../shared/store/tasks/turn_rows.ts";
import type { Step, StepPayload } from "../../shared/task/step.ts";

// Node lacks this method of the Workers runtime.
if (!("toHex" in Uint8Array.prototype)) {
  const toHex = function (this: Uint8Array): string {
    return Buffer.from(this).toString("hex");
  };
  Object.defineProperty(Uint8Array.prototype, "toHex", { value: toHex, configurable: true });
}

/** The worker dies at its nth write, before the write is applied, or after it with its reply lost. */
export interface Kill {
  write: number;
  when: "before" | "after";
}

type StepValues = [
  id: string,
  fence: number,
  seq: number,
  kind: StepRow["kind"],
  name: string,
  status: Step["status"],
  startedAt: number,
  durationMs: number,
  payload: string | null,
  payloadKey: string | null,
  usage: string,
];

export class MemoryStores {
  readonly #rows = new Map<number, StepValues>();
  readonly #objects = new Map<string, Uint8Array>();
  #writes = 0;
  kill: Kill | null = null;

  /** The number of writes so far. */
  get writeCount(): number {
    return this.#writes;
  }

  /** A worker that died sees every result as a lost fence. */
  readonly DB = {
    prepare: () => ({ bind: (...values: unknown[]) => values }),
    batch: async (statements: unknown[][]) => {
      this.#writes += 1;
      const dies = this.kill !== null && this.#writes === this.kill.write;
      if (!dies || this.kill?.when === "after") this.#apply(statements);
      const signals = { cancelled: 0, expired: 0, ceiling: null };
      return [{ results: dies ? [] : [signals] }];
    },
  } as unknown as D1Database;

  readonly OBJECTS = {
    put: async (key: string, bytes: Uint8Array) => {
      this.#objects.set(key, bytes);
      return {};
    },
  } as unknown as R2Bucket;

  #apply(statements: readonly unknown[][]): void {
    const isStep = (values: readonly unknown[]): values is StepValues => values.length === 11;
    for (const values of statements) {
      if (!isStep(values)) continue;
      const stored = this.#rows.get(values[2]);
      if (stored !== undefined && values[5] === "intent" && stored[5] !== "intent") continue;
      this.#rows.set(values[2], values);
    }
  }

  /** The journal as another worker reads it. */
  steps(): Step[] {
    const rows = [...this.#rows.values()].sort((a, b) => a[2] - b[2]).flatMap(rowSteps);
    const steps = new Map<number, Step>();
    for (const row of rows) {
      const bytes = row.payload === null ? this.#objects.get(row.payload_key ?? "") : undefined;
      const { kind: _, task_id: __, payload_key: ___, ...step } = row;
      const text = row.payload ?? new TextDecoder().decode(bytes);
      const payload = JSON.parse(text) as StepPayload;
      steps.set(row.seq, { ...step, usage: JSON.parse(row.usage) as Usage, payload });
    }
    return [...steps.values()];
  }
}

function rowSteps(values: StepValues): StepRow[] {
  const [task_id, fence, seq, kind, name, status, started_at, duration_ms, ...rest] = values;
  const [payload, payload_key, usage] = rest;
  const head = { task_id, fence, seq, kind, name, status, started_at, duration_ms };
  return unpackTurn({ ...head, payload, payload_key, usage });
}

export const toolHostWith = (tools: readonly Tool[]): ToolHost => ({
  tools: new Map(tools.map((tool) => [tool.name, tool])),
  contextFor: () => ({}) as never,
  runWithin: (_ms, work) => work(),
  sandboxFault: () => null,
  checkpoint: async () => undefined,
  drainEgress: () => [],
  storeOutput: async (text) => ({ sha256: "", bytes: text.length, source: "blob" }),
  drainUsage: () => ({ tool_calls: 0 }),
  egressRefusal: () => null,
});

export function loopTask(
  tools: readonly Tool[],
  opening: readonly Message[],
  limits: Partial<Bounds>,
  output_schema?: Record<string, unknown>,
): LoopTask {
  const form = answerForm(output_schema === undefined ? {} : { output_schema });
  const finalOffer = finalAnswerOffer(form.schema);
  return {
    id: "task_1",
    opening,
    bounds: boundsOf(limits),
    reserved: nothingReserved,
    form,
    offers: [...tools.map(offerOf), finalOffer],
    finalOffer,
    canReadFiles: true,
    resumedFrom: 0,
    toolPin: undefined,
    onUncertain: "fail",
    lostClaims: 0,
  };
}

/** A model over a transport, without a governor. */
export const modelOver = (
  transport: Transport,
  id = "m",
  profile: Profile = profileOf(id),
): ModelClient => ({
  id,
  isFallback: false,
  ...traitsOf(profile, undefined),
  complete: (request) => transport.complete(request),
  isPriced: () => true,
  waitForPermit: async () => ok(undefined),
});

export interface SliceRun {
  end: LoopEnd;
  journal: JournalWriter;
}

/** Runs one claim's slice on the journal that the claims before it left. */
export async function runSlice(
  stores: MemoryStores,
  task: LoopTask,
  model: ModelClient,
  tools: readonly Tool[],
  { fence, sliceMs = 60_000, used }: { fence: number; sliceMs?: number; used?: Usage },
): Promise<SliceRun> {
  const steps = stores.steps();
  const journal = new JournalWriter(
    stores,
    { id: task.id, fence },
    {
      tenant: "default",
      steps,
      used: used ?? steps.at(-1)?.usage ?? noUsage,
      mayHaveRows: fence > 1,
      hasCeiling: false,
    },
  );
  const signal = new AbortController().signal;
  const toolHost = toolHostWith(tools);
  const end = await runLoop(task, [model], {
    ...{ journal, toolHost, signal, sliceMs },
    approvals: noApprovals,
  });
  // As the release of a slice does; a settlement writes no steps.
  if (end.kind !== "answered" && end.kind !== "lost") await journal.flush();
  return { end, journal };
}
