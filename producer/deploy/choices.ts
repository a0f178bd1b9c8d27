/**
 * What a deploy chose, kept for the next one. The account is the record of what is deployed. The file in
 * `.build/deploy/<environment>/` has what an interrupted deploy wanted, and the location of the database.
 */
import fs from "node:fs";
import path from "node:path";
import type { DeployedWorker } from "./account.ts";

export interface Choices {
  /** With containers for the `microvm` engine. */
  microvm: boolean;
  /** With a Workers Analytics Engine dataset. */
  metrics: boolean;
  /** D1's location hint for a new database; null: near the person who deploys. */
  location: string | null;
}

/** The options that were given: undefined means "as last time". */
export type GivenChoices = { [name in keyof Choices]?: Choices[name] | undefined };

interface SavedChoices extends Choices {
  /** False while a deploy is under way, and after one that failed. */
  finished: boolean;
}

export const locations: readonly string[] = ["weur", "eeur", "apac", "oc", "wnam", "enam"];

const fileName = "choices.json";

/** Null without a file, or if it is not readable. */
export function readSaved(folder: string): SavedChoices | null {
  try {
    const savedFields = JSON.parse(fs.readFileSync(path.join(folder, fileName), "utf8"));
    const { microvm, metrics, location, finished } = savedFields as Partial<SavedChoices>;
    return {
      microvm: microvm === true,
      metrics: metrics === true,
      location: typeof location === "string" ? location : null,
      finished: finished === true,
    };
  } catch {
    return null;
  }
}

export function save(folder: string, choices: Choices, isFinished: boolean): void {
  fs.mkdirSync(folder, { recursive: true });
  const text = JSON.stringify({ ...choices, finished: isFinished }, null, 2);
  fs.writeFileSync(path.join(folder, fileName), `${text}\n`);
}

/**
 * An option that was given wins; then what an interrupted deploy wanted; then what is deployed, because
 * another machine may have deployed since; then the file.
 */
export function resolveChoices(
  givenChoices: GivenChoices,
  savedChoices: SavedChoices | null,
  consumer: DeployedWorker | null,
): Choices {
  const deployedConsumer = savedChoices?.finished === false ? null : consumer;
  return {
    microvm:
      givenChoices.microvm ??
      deployedConsumer?.bindings.has("MICROVM") ??
      savedChoices?.microvm ??
      false,
    metrics:
      givenChoices.metrics ??
      deployedConsumer?.bindings.has("METRICS") ??
      savedChoices?.metrics ??
      false,
    location: givenChoices.location ?? savedChoices?.location ?? null,
  };
}
