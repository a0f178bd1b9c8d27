/** The real loop and scribe over stores in memory, killed at any write and taken up by another claim. */
import { answerForm } from "../../consumer/loop/answer/answer_form.ts";
import { type Bounds, boundsOf } from "../../consumer/loop/budget/allowance.ts";
import { JournalWriter } from "../../consumer/loop/journal/journal_writer.ts";
import { runLoop } from "../../consumer/loop/loop.ts";
import type { LoopEnd, LoopTask, ModelClient } from "../../consumer/loop/loop_end.ts";
import type { ToolHost } from "../../consumer/loop/calls/run_call.ts";
import type { Message, Transport } from "../../consumer/models/model.ts";
import { problemsOf } from "../../consumer/models/repair/validate.ts";
import { finalAnswerOffer, offerOf } from "../../consumer/tools/catalog.ts";
import type { Tool } from "../../consumer/tools/define.ts";
import { costOf, type Profile } from "../../shared/models/profiles.ts";
import { estimatePrompt } from "../../shared/models/tokens.ts";
import type { Step, StepPayload } from "../../shared/step.ts";
import { noUsage, type Usage } from "../../shared/usage.ts";

/** When the worker dies: at its nth write, before it is applied or after, so that its answer is lost. */
export interface Kill {
  write: number;
  when: "before" | "after";
}

type Bound = [
  id: string,
  fence: number,
  seq: number,
  kind: string,
  name: string,
  status: Step["status"],
  startedAt: number,
  durationMs: number,
  payload: string | null,
  payloadKey: string | null,
  usage: string,
];

export class MemoryStores {
  readonly #rows = new Map<number, Bound>();
  readonly #objects = new Map<string, Uint8Array>();
  #writes = 0;
  kill: Kill | null = null;

  /** How many writes there were. */
  get written(): number {
    return this.#writes;
  }

  /** A worker that died learns nothing more; its answer looks like a lost fence. */
  readonly DB = {
    prepare: () => ({ bind: (...values: unknown[]) => values }),
    batch: async (statements: unknown[][]) => {
      this.#writes += 1;
      const dies = this.kill !== null && this.#writes === this.kill.write;
      if (!dies || this.kill?.when === "after") this.#apply(statements);
      const ends = { cancelled: 0, expired: 0, ceiling: null };
      return [{ results: dies ? [] : [ends] }];
    },
  } as unknown as D1Database;

  readonly OBJECTS = {
    put: async (key: string, bytes: Uint8Array) => {
      this.#objects.set(key, bytes);
      return {};
    },
  } as unknown as R2Bucket;

  #apply(statements: readonly unknown[][]): void {
    const isStep = (values: readonly unknown[]): values is Bound => values.length === 11;
    for (const values of statements) {
      if (!isStep(values)) continue;
      const held = this.#rows.get(values[2]);
      if (held !== undefined && values[5] === "intent" && held[5] !== "intent") continue;
      this.#rows.set(values[2], values);
    }
  }

  /** The journal as another worker reads it. */
  steps(): Step[] {
    return [...this.#rows.values()]
      .sort((a, b) => a[2] - b[2])
      .map((row): Step => {
        const bytes = row[8] === null ? this.#objects.get(row[9] ?? "") : undefined;
        const text = row[8] ?? new TextDecoder().decode(bytes);
        return {
          seq: row[2],
          fence: row[1],
          name: row[4],
          status: row[5],
          started_at: row[6],
          duration_ms: row[7],
          usage: JSON.parse(row[10]) as Usage,
          payload: JSON.parse(text) as StepPayload,
        };
      });
  }
}

export const handsWith = (tools: readonly Tool[]): ToolHost => ({
  tools: new Map(tools.map((tool) => [tool.name, tool])),
  contextFor: () => ({}) as never,
  within: (_ms, work) => work(),
  fault: () => null,
  checkpoint: async () => undefined,
  drainEgress: () => [],
  keepOutput: async (text) => ({ sha256: "", bytes: text.length, source: "blob" }),
  drainSpent: () => ({ tool_calls: 0 }),
  egressRefused: () => null,
});

export function loopTask(
  tools: readonly Tool[],
  opening: readonly Message[],
  asked: Partial<Bounds>,
  output_schema?: Record<string, unknown>,
): LoopTask {
  const form = answerForm(output_schema === undefined ? {} : { output_schema });
  const finalOffer = finalAnswerOffer(form.schema);
  return {
    id: "task_1",
    opening,
    bounds: boundsOf(asked),
    form,
    offers: [...tools.map(offerOf), finalOffer],
    finalOffer,
    readable: true,
    since: 0,
    extras: undefined,
    onUncertain: "fail",
    lostClaims: 0,
  };
}

/** A model over a transport, without a governor. */
export function brainOver(transport: Transport, model: string, profile: Profile): ModelClient {
  return {
    model,
    fallback: false,
    prices: {
      inputPerToken: profile.price.input / 1e6,
      outputPerToken: profile.price.output / 1e6,
    },
    outputTokensMax: Math.min(profile.outputTokensMax, 8_192),
    outputTokensCeiling: profile.outputTokensMax,
    windowTokens: profile.windowTokens,
    abilities: { forcedTool: profile.forcedTool, jsonMode: profile.jsonMode !== "none" },
    complete: (request) => transport.complete(request),
    costOf: (usage) => costOf(profile, usage),
    isPriced: () => true,
    estimateTokens: (messages, tools) => estimatePrompt({ messages, tools }),
    permit: async () => ({ ok: true }),
    validate: (schema, value) => problemsOf(value, schema).join("; ") || null,
  };
}

export interface Claimed {
  end: LoopEnd;
  used: Usage;
}

/** One claim's slice over what the claims before it left. */
export async function claimed(
  stores: MemoryStores,
  task: LoopTask,
  brain: ModelClient,
  tools: readonly Tool[],
  { fence, sliceMs = 60_000, used }: { fence: number; sliceMs?: number; used?: Usage },
): Promise<Claimed> {
  const steps = stores.steps();
  const before = used ?? steps.at(-1)?.usage ?? noUsage;
  const scribe = new JournalWriter(stores, { id: task.id, fence }, "default", steps, before, {
    journaled: fence > 1,
    charging: false,
  });
  const signal = new AbortController().signal;
  const end = await runLoop(task, [brain], { scribe, hands: handsWith(tools), signal, sliceMs });
  return { end, used: scribe.used };
}
