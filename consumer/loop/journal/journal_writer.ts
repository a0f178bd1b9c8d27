/** Writes the journal of one claim and counts what the task used. Nothing else writes steps. */

import { objectKeys, putOnce, sha256Hex } from "../../../shared/files/objects.ts";
import { storeLimits } from "../../../shared/limits.ts";
import { log } from "../../../shared/platform/log.ts";
import { ok, type Result } from "../../../shared/result.ts";
import {
  addUsage,
  type EgressUsage,
  egressUsageOf,
  type Usage,
  usageOfEgress,
} from "../../../shared/spend/usage.ts";
import type { Charge } from "../../../shared/store/batches/ceilings.ts";
import type { EgressRow } from "../../../shared/store/egress/egress_log.ts";
import type { Claim } from "../../../shared/store/tasks/claim.ts";
import { type JournalResult, mustEnd, writeSteps } from "../../../shared/store/tasks/journal.ts";
import type { NewStep } from "../../../shared/store/tasks/turn_rows.ts";
import type { Step, StepPayload } from "../../../shared/task/step.ts";
import { stepFields } from "../../telemetry/lines.ts";

export interface StepDraft {
  seq: number;
  name: string;
  status: Step["status"];
  startedAt: number;
  payload: StepPayload;
  /** What this step adds to the usage, without time, which the writer measures. */
  spent: Partial<Usage>;
}

/** The journal as the claim found it. */
export interface JournalStart {
  tenant: string;
  steps: Step[];
  used: Usage;
  /** True when the journal may already hold rows of this task. */
  mayHaveRows: boolean;
  /** True when the task's batch has a ceiling to charge. */
  hasCeiling: boolean;
  /** Steps under this fence or a lower one belong to the run that this one continues; 0 for none. */
  resumedFrom?: number;
  /** False when the journal could not be read: then `steps` are not all of it. */
  isComplete?: boolean;
  /** Whether each step is logged, or only those that failed. */
  logsSteps?: boolean;
}

/** Decisions of one step. `charge`: what the requests are charged before their outcomes are known. */
export interface EgressWrite {
  seq: number;
  rows: readonly EgressRow[];
  charge?: EgressUsage;
}

export class JournalWriter {
  readonly steps: Step[];
  readonly #env: { DB: D1Database; OBJECTS: R2Bucket };
  readonly #claim: Claim;
  readonly #start: JournalStart;
  #used: Usage;
  readonly #startedAt = Date.now();
  #waitedMs = 0;
  #hasProgressed = false;
  #mayHaveRows: boolean;
  /** Steps that the next write stores, and their charges. */
  #held: Step[] = [];
  #heldCharges: Charge[] = [];

  constructor(env: { DB: D1Database; OBJECTS: R2Bucket }, claim: Claim, start: JournalStart) {
    this.steps = start.steps;
    this.#env = env;
    this.#claim = claim;
    this.#start = start;
    this.#used = start.used;
    this.#mayHaveRows = start.mayHaveRows;
  }

  get resumedFrom(): number {
    return this.#start.resumedFrom ?? 0;
  }

  /** The steps of every thread: here the same as `steps`. */
  get allSteps(): readonly Step[] {
    return this.steps;
  }

  get isComplete(): boolean {
    return this.#start.isComplete ?? true;
  }

  /** The steps since the task was resumed; all steps of a task that was not. */
  get stepsOfRun(): readonly Step[] {
    const { resumedFrom } = this;
    return resumedFrom === 0 ? this.steps : this.steps.filter(({ fence }) => fence > resumedFrom);
  }

  get mayHaveRows(): boolean {
    return this.#mayHaveRows;
  }

  /** True once this slice has journaled a step. */
  get hasProgressed(): boolean {
    return this.#hasProgressed;
  }

  /** What the task has used, including this slice's time except its waits. */
  get used(): Usage {
    const workedMs = this.elapsedMs - this.#waitedMs;
    return { ...this.#used, seconds: this.#start.used.seconds + workedMs / 1000 };
  }

  /** Awaits what is not the task's work, such as a permit: the time does not count in `seconds`. */
  async waitUntimed<T>(promise: Promise<T>): Promise<T> {
    const since = Date.now();
    try {
      return await promise;
    } finally {
      this.#waitedMs += Date.now() - since;
    }
  }

  /** Counts the usage of a step that is not journaled. */
  addUsage(spent: Partial<Usage>): void {
    this.#used = addUsage(this.#used, spent);
  }

  get elapsedMs(): number {
    return Date.now() - this.#startedAt;
  }

  get nextSeq(): number {
    return (this.steps.at(-1)?.seq ?? 0) + 1;
  }

  /**
   * Journals steps and the egress decisions made during one of them in one atomic write, after the steps that
   * were held. If the task must end, its intents are not written.
   */
  async write(drafts: readonly StepDraft[], egress: EgressWrite | null): Promise<JournalResult> {
    this.#mayHaveRows = true;
    const before = this.#used;
    const steps = drafts.map((draft) => this.#toStep(draft));
    const rows = await Promise.all([...this.#held, ...steps].map((step) => this.#toRow(step)));
    const charges = [...this.#heldCharges, ...this.#chargesOf(drafts)];
    const decisions =
      egress === null ? null : { ...egress, charge: this.#egressCharge(drafts, egress) };
    const result = await writeSteps(this.#env.DB, this.#claim, rows, decisions, charges);
    if (!result.ok) {
      this.#used = before;
      return result;
    }
    this.#held = [];
    this.#heldCharges = [];
    const ends = mustEnd(result.value);
    const stored = steps.filter(({ status }) => status !== "intent" || !ends);
    if (stored.length > 0) this.#addSteps(stored);
    return result;
  }

  /** What the decisions keep charged: nothing once the outcome of their step carries the usage. */
  #egressCharge(drafts: readonly StepDraft[], { charge }: EgressWrite): Partial<Usage> | null {
    if (charge !== undefined) return usageOfEgress(charge);
    return drafts.length > 0 ? null : usageOfEgress(egressUsageOf(this.#used));
  }

  /**
   * Adds a step without a write of its own: the next write stores it, or the settlement's transcript. A worker
   * that dies before loses it: a reply whose calls only read, or the answer. The model is then asked again.
   */
  hold(draft: StepDraft): void {
    const step = this.#toStep(draft);
    this.#held.push(step);
    this.#heldCharges.push(...this.#chargesOf([draft]));
    this.#addSteps([step]);
  }

  /** Writes what is held, before a release: the next slice continues from it. */
  async flush(): Promise<Result<null, "fence_lost">> {
    if (this.#held.length === 0) return ok(null);
    const result = await this.write([], null);
    return result.ok ? ok(null) : result;
  }

  /** What the held steps used of their batch's ceiling, for the settlement to charge. */
  get heldCharges(): readonly Charge[] {
    return this.#heldCharges;
  }

  /** What steps use of their batch's ceiling. */
  #chargesOf(drafts: readonly StepDraft[]): Charge[] {
    if (!this.#start.hasCeiling) return [];
    return drafts.flatMap(({ seq, spent }) => {
      const tokens = (spent.prompt_tokens ?? 0) + (spent.completion_tokens ?? 0);
      const cost_usd = spent.cost_usd ?? 0;
      return tokens + cost_usd > 0 ? [{ seq, tokens, cost_usd }] : [];
    });
  }

  #toStep(draft: StepDraft): Step {
    this.#used = addUsage(this.#used, draft.spent);
    return {
      seq: draft.seq,
      fence: this.#claim.fence,
      name: draft.name,
      status: draft.status,
      started_at: draft.startedAt,
      duration_ms: Math.max(0, Date.now() - draft.startedAt),
      usage: addUsage(this.used, {}),
      payload: draft.payload,
    };
  }

  /** An outcome replaces its intent, and another refusal of the endpoint replaces the one before. */
  #addSteps(steps: readonly Step[]): void {
    this.#hasProgressed = true;
    for (const step of steps) {
      if (this.#isLogged(step)) log("step", stepFields(this.#claim, step));
      const index = this.steps.findIndex(({ seq }) => seq === step.seq);
      if (index === -1) this.steps.push(step);
      else this.steps[index] = step;
    }
  }

  #isLogged({ status }: Step): boolean {
    if (status === "intent") return false;
    return status !== "done" || this.#start.logsSteps !== false;
  }

  async #toRow(step: Step): Promise<NewStep> {
    const text = JSON.stringify(step.payload);
    const row = {
      seq: step.seq,
      kind: step.payload.kind,
      name: step.name,
      status: step.status,
      started_at: step.started_at,
      duration_ms: step.duration_ms,
      usage: step.usage,
    };
    const bytes = new TextEncoder().encode(text);
    if (bytes.byteLength <= storeLimits.stepInlineBytesMax)
      return { ...row, payload: text, payload_key: null };
    const key = objectKeys.blob(this.#start.tenant, this.#claim.id, await sha256Hex(bytes));
    await putOnce(this.#env.OBJECTS, key, bytes, "application/json");
    return { ...row, payload: null, payload_key: key };
  }
}
