/** Writes the journal of one claim and knows what has been used: the only way a step comes to be. */
import { storeLimits } from "../../../shared/limits.ts";
import { log } from "../../../shared/log.ts";
import { objectKeys, putOnce, sha256Hex } from "../../../shared/objects.ts";
import type { Step, StepPayload } from "../../../shared/step.ts";
import type { Charge } from "../../../shared/store/ceilings.ts";
import type { Claim } from "../../../shared/store/claims.ts";
import type { EgressRow } from "../../../shared/store/egress_log.ts";
import { type JournalAnswer, type NewStep, writeSteps } from "../../../shared/store/journal.ts";
import { addUsage, type Usage } from "../../../shared/usage.ts";
import { stepFields } from "../../telemetry/lines.ts";

export interface StepDraft {
  seq: number;
  name: string;
  status: Step["status"];
  startedAt: number;
  payload: StepPayload;
  /** What this step adds; time is added by the scribe. */
  spent: Partial<Usage>;
}

export class JournalWriter {
  readonly steps: Step[];
  readonly #env: { DB: D1Database; OBJECTS: R2Bucket };
  readonly #claim: Claim;
  readonly #tenant: string;
  #used: Usage;
  readonly #secondsBefore: number;
  readonly #startedAt = Date.now();
  #waitedMs = 0;
  #progressed = false;
  #journaled: boolean;
  readonly #charging: boolean;
  /** Steps under this fence or a lower one belong to the run that the task was resumed from; 0 for none. */
  readonly since: number;
  /** False where the journal could not be read: then `steps` must not pass for it. */
  readonly whole: boolean;
  #kept: Charge[] = [];

  constructor(
    env: { DB: D1Database; OBJECTS: R2Bucket },
    claim: Claim,
    tenant: string,
    steps: Step[],
    used: Usage,
    more: { journaled: boolean; charging: boolean; since?: number; whole?: boolean },
  ) {
    this.steps = steps;
    this.#env = env;
    this.#claim = claim;
    this.#tenant = tenant;
    this.#used = used;
    this.#secondsBefore = used.seconds;
    this.#journaled = more.journaled;
    this.#charging = more.charging;
    this.since = more.since ?? 0;
    this.whole = more.whole ?? true;
  }

  /** The steps since the task was resumed; all of them where it was not. */
  get recent(): readonly Step[] {
    return this.since === 0 ? this.steps : this.steps.filter((step) => step.fence > this.since);
  }

  /** True once the journal may hold rows of this task. */
  get journaled(): boolean {
    return this.#journaled;
  }

  /** True once this slice has journaled a step. */
  get progressed(): boolean {
    return this.#progressed;
  }

  /** What the task has used, this slice's time included, less what it waited. */
  get used(): Usage {
    const workedMs = this.elapsedMs - this.#waitedMs;
    return { ...this.#used, seconds: this.#secondsBefore + workedMs / 1000 };
  }

  /** Waits for what is not the task's work, such as a permit: it is not in `seconds`. */
  async waiting<T>(answer: Promise<T>): Promise<T> {
    const since = Date.now();
    try {
      return await answer;
    } finally {
      this.#waitedMs += Date.now() - since;
    }
  }

  /** Counts what was used by a step that is not journaled. */
  charge(spent: Partial<Usage>): void {
    this.#used = addUsage(this.#used, spent);
  }

  get elapsedMs(): number {
    return Date.now() - this.#startedAt;
  }

  get nextSeq(): number {
    return (this.steps.at(-1)?.seq ?? 0) + 1;
  }

  /** Journals steps and the decisions made during one of them in one atomic write. */
  async write(
    drafts: readonly StepDraft[],
    egress: { seq: number; rows: readonly EgressRow[] } | null,
  ): Promise<JournalAnswer> {
    this.#journaled = true;
    const before = this.#used;
    const steps = drafts.map((draft) => this.#add(draft));
    const rows = await Promise.all(steps.map((step) => this.#row(step)));
    const charges = this.#chargesOf(drafts);
    const answer = await writeSteps(this.#env.DB, this.#claim, rows, egress, charges);
    if (!answer.held) this.#used = before;
    else if (steps.length > 0) this.#remember(steps);
    return answer;
  }

  /** Keeps a last step that is not written by itself, because the settlement's transcript holds it. */
  keep(draft: StepDraft): void {
    this.#kept.push(...this.#chargesOf([draft]));
    this.#remember([this.#add(draft)]);
  }

  /** What the kept steps used, for the settlement to charge. */
  get kept(): readonly Charge[] {
    return this.#kept;
  }

  /** What steps use of their batch's ceiling; nothing where there is none. */
  #chargesOf(drafts: readonly StepDraft[]): Charge[] {
    if (!this.#charging) return [];
    return drafts.flatMap(({ seq, spent }) => {
      const tokens = (spent.prompt_tokens ?? 0) + (spent.completion_tokens ?? 0);
      const cost_usd = spent.cost_usd ?? 0;
      return tokens + cost_usd > 0 ? [{ seq, tokens, cost_usd }] : [];
    });
  }

  #add(draft: StepDraft): Step {
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

  /** An outcome takes the place of its intent, and a further refusal that of the one before. */
  #remember(steps: readonly Step[]): void {
    this.#progressed = true;
    for (const step of steps) {
      if (step.status !== "intent") log("step", stepFields(this.#claim, step));
      const at = this.steps.findIndex((held) => held.seq === step.seq);
      if (at === -1) this.steps.push(step);
      else this.steps[at] = step;
    }
  }

  async #row(step: Step): Promise<NewStep> {
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
    const key = objectKeys.blob(this.#tenant, this.#claim.id, await sha256Hex(bytes));
    await putOnce(this.#env.OBJECTS, key, bytes, "application/json");
    return { ...row, payload: null, payload_key: key };
  }
}
