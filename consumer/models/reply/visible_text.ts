import type { Quirk } from "../../../shared/models/quirks.ts";

/** A text without its reasoning, if the engine sent both as one. */
export interface VisibleText {
  text: string;
  reasoning: string;
  quirks: Quirk[];
}
