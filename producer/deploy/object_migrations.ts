/**
 * The Durable Object migrations of the consumer, with and without `microvm`. The account keeps only the last
 * tag, and wrangler applies what follows that tag in the configuration, or everything if the tag is missing.
 * So the configuration always has the whole history: v1, microvm (adds the class), microvm-2 (removes it),
 * microvm-3 (adds it again), and so on. Odd steps have the class.
 */
import { DeployError } from "./wrangler.ts";

type Migration = Record<string, unknown>;

const className = "MicroVm";

/** `defaultSteps` are the migrations of wrangler.consumer.toml, `deployedTag` the account's, null for a new Worker. */
export function objectMigrations(
  defaultSteps: readonly Migration[],
  deployedTag: string | null,
  microvm: boolean,
): Migration[] {
  const deployedStep = stepOf(deployedTag);
  if (
    deployedStep === 0 &&
    deployedTag !== null &&
    !defaultSteps.some(({ tag }) => tag === deployedTag)
  ) {
    throw new DeployError(
      `the deployed consumer has the Durable Object migration "${deployedTag}", which this version does not know: deploy a newer version`,
    );
  }
  const last = hasMicroVmClass(deployedTag) === microvm ? deployedStep : deployedStep + 1;
  const steps = Array.from({ length: last }, (_, index) => index + 1);
  return [
    ...defaultSteps,
    ...steps.map((step) => ({
      tag: tagOf(step),
      [step % 2 === 1 ? "new_sqlite_classes" : "deleted_classes"]: [className],
    })),
  ];
}

export const hasMicroVmClass = (deployedTag: string | null): boolean =>
  stepOf(deployedTag) % 2 === 1;

const tagOf = (step: number): string => (step === 1 ? "microvm" : `microvm-${step}`);

/** How many steps of `microvm` the account has applied. */
function stepOf(tag: string | null): number {
  if (tag === "microvm") return 1;
  return Number(/^microvm-([1-9]\d{0,3})$/.exec(tag ?? "")?.[1] ?? 0);
}
