import type { ToolOffer } from "../../../shared/models/model.ts";
import type { CallFormatName } from "../../../shared/models/quirks.ts";

/** A call that an engine left in the text, with the place of its whole block. */
export interface LeakedCall {
  name: string;
  /** JSON text, a value, or undefined for none. */
  arguments: unknown;
  id?: string;
  start: number;
  end: number;
}

/**
 * One family's way to write calls as text. `find` answers closed blocks only, in order,
 * and does not ask whether the name is offered.
 */
export interface CallFormat {
  name: CallFormatName;
  /** The format has no marks, so it counts only if it is the whole text. */
  wholeText: boolean;
  find(text: string, tools: readonly ToolOffer[]): LeakedCall[];
}
