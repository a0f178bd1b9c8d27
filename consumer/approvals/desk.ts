/** Asks for approvals: reads what was decided on a call, and drafts the proposal of a call that has to wait. */
import { sha256Hex } from "../../shared/files/objects.ts";
import { newApprovalId } from "../../shared/identity/ids.ts";
import { approvalLimits } from "../../shared/limits.ts";
import { type CallKey, findApproval, type Proposal } from "../../shared/store/approvals.ts";
import { type ApprovalTerms, type Approve, approvalTerms } from "../../shared/task/approval.ts";
import type { ModelPayload, Step, StepCall } from "../../shared/task/step.ts";
import type { DurableTask } from "../../shared/task/task.ts";
import { canonicalJson } from "../../shared/text/canonical_json.ts";
import { problemsOf, problemText } from "../models/repair/validate.ts";
import { offerOf } from "../tools/catalog.ts";
import type { Tool } from "../tools/define.ts";
import { needsApproval } from "./needs_approval.ts";
import { type Permit, permitOf } from "./permit.ts";

export type DeskAnswer = Exclude<Permit, { kind: "wait" }> | { kind: "wait"; proposal: Proposal };

export class ApprovalDesk {
  readonly approve: Approve | undefined;
  readonly #terms: ApprovalTerms;
  readonly #db: D1Database;
  readonly #taskId: string;

  constructor(db: D1Database, taskId: string, spec: Pick<DurableTask, "approve" | "approval">) {
    this.#db = db;
    this.#taskId = taskId;
    this.approve = spec.approve;
    this.#terms = approvalTerms(spec.approval);
  }

  needs(tool: Tool | undefined, input: unknown): boolean {
    return needsApproval(this.approve, tool, input);
  }

  /** Costs one read of D1; called only for calls that need approval. */
  async ask(tool: Tool, call: StepCall, steps: readonly Step[]): Promise<DeskAnswer> {
    const json = canonicalJson(call.arguments ?? {});
    const hash = await sha256Hex(new TextEncoder().encode(`${call.name}\n${json}`));
    const key = { call_id: call.id, replied_at: replyTimeOf(steps) };
    const row = await findApproval(this.#db, this.#taskId, key);
    const permit = permitOf(row, hash, this.#terms, Date.now());
    // Other arguments are another proposal, which a decision on the earlier one must not reach.
    const id = row?.arguments_hash === hash ? row.id : newApprovalId();
    const propose = (problem: string | null): DeskAnswer => ({
      kind: "wait",
      proposal: this.#proposal(id, key, {
        ...{ tool: call.name, json, hash, problem, steps },
        decidedAt: row?.decided_at ?? null,
      }),
    });
    if (permit.kind === "wait") return propose(null);
    if (permit.kind !== "run" || permit.edited === null) return permit;
    // A person may write arguments that do not fit: the call waits again, and says why.
    const schema = offerOf(tool).original;
    const problems = problemsOf(permit.edited, schema);
    return problems.length === 0 ? permit : propose(problemText(tool.name, problems, schema));
  }

  #proposal(
    id: string,
    key: CallKey,
    call: {
      tool: string;
      json: string;
      hash: string;
      problem: string | null;
      steps: readonly Step[];
      decidedAt: number | null;
    },
  ): Proposal {
    return {
      ...key,
      id,
      tool: call.tool,
      arguments: call.json,
      arguments_hash: call.hash,
      problem: call.problem,
      steps: JSON.stringify(lastSteps(call.steps)),
      terms: this.#terms,
      decided_at: call.decidedAt,
    };
  }
}

/** The reply that holds the open calls is the last one. */
const replyTimeOf = (steps: readonly Step[]): number =>
  steps.findLast(({ payload }) => payload.kind === "model" && payload.reply !== null)?.started_at ??
  0;

/** What the agent did last, for the person who decides. */
function lastSteps(steps: readonly Step[]): { seq: number; name: string; text: string }[] {
  return steps.slice(-approvalLimits.stepsShown).map(({ seq, name, payload }) => {
    const text = payload.kind === "tool" ? payload.text : replyText(payload.reply);
    return { seq, name, text: text.slice(0, approvalLimits.stepCharsShown) };
  });
}

/** The text of a reply, and which tools it calls. */
function replyText(reply: ModelPayload["reply"]): string {
  if (reply === null) return "";
  const calls = reply.calls.map(({ name }) => name).join(", ");
  return calls === "" ? reply.text : `${reply.text} (calls ${calls})`.trimStart();
}

/** For work that the task's author chose, such as a check: nothing of it waits for a person. */
export const noApprovals: Pick<ApprovalDesk, "needs" | "ask"> = {
  needs: () => false,
  ask: async () => ({ kind: "run", edited: null }),
};
