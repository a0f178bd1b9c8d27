/** The decisions of one gateway: a row and a log line for each, in order. */
import type { Decision } from "../../policies/decide.ts";
import { egressLimits } from "../../shared/limits.ts";
import type { EgressRow } from "../../shared/store/egress/egress_log.ts";
import { unknownOutcome } from "./announcements.ts";
import type { EgressErrorReason } from "./error_reason.ts";
import { maskUrl } from "./logged_url.ts";
import type { Scrubber } from "./scrub.ts";

export class DecisionJournal {
  readonly #policyName: string;
  readonly #scrubber: Scrubber;
  readonly #log: (row: EgressRow) => void;
  #rows: EgressRow[] = [];
  readonly #open = new Set<EgressRow>();

  constructor(policyName: string, scrubber: Scrubber, log: (row: EgressRow) => void) {
    this.#policyName = policyName;
    this.#scrubber = scrubber;
    this.#log = log;
  }

  /** Opens the row of a decision. The caller owns it until `close`. */
  open(request: { url: string; method: string }, decision: Decision): EgressRow {
    const row: EgressRow = {
      n: this.#rows.length + 1,
      at: Date.now(),
      method: this.#scrubber.scrubText(
        decision.action === "deny"
          ? request.method.slice(0, egressLimits.loggedMethodCharsMax)
          : decision.method,
      ),
      url: maskUrl(decision.url, request.url, this.#scrubber),
      host: this.#scrubber.scrubText(decision.url?.host ?? ""),
      action: decision.action,
      policy: this.#policyName,
      rule: decision.rule,
      reason: decision.reason,
      credential: decision.action === "inject" ? decision.inject.secret : null,
      status: null,
      bytes_in: 0,
      bytes_out: 0,
      duration_ms: 0,
    };
    this.#rows.push(row);
    this.#open.add(row);
    return row;
  }

  /** Closes a row as denied, whatever the decision was: nothing is sent. */
  deny(row: EgressRow, reason: EgressErrorReason): void {
    row.action = "deny";
    row.reason = reason;
    row.credential = null;
    row.bytes_out = 0;
    this.close(row);
  }

  /** Closes a row, writes its log line without the query and returns its duration in milliseconds. */
  close(row: EgressRow): number {
    this.#open.delete(row);
    row.duration_ms = Date.now() - row.at;
    this.#log({ ...row, url: row.url.split("?")[0] ?? "" });
    return row.duration_ms;
  }

  /** The rows since the last call; numbering starts again at 1. The outcome of a request in flight is unknown. */
  drain(): EgressRow[] {
    const rows = this.#rows.map((row) =>
      this.#open.has(row) ? { ...row, reason: unknownOutcome } : { ...row },
    );
    this.#rows = [];
    return rows;
  }
}
