/** The container application of `microvm`, which outlives the configuration that made it. */
import type { ReadApi } from "./account.ts";
import { DeployError, runOrThrow, type Wrangler } from "./wrangler.ts";

/**
 * Deletes it, if it exists, before its Durable Object class is removed: it keeps its name, so a later deploy
 * with `microvm` could not make it for a new class. Tasks that run in it lose their slice.
 */
export async function deleteContainers(
  wrangler: Wrangler,
  api: ReadApi,
  account: string,
  consumer: string,
): Promise<boolean> {
  const { status, result } = await api(`/accounts/${account}/containers/applications`);
  if (status !== 200) throw new DeployError(`cannot list the containers: status ${status}`);
  const name = `${consumer}-microvm`;
  const container = (result as { id: string; name: string }[]).find((each) => each.name === name);
  if (container !== undefined) await runOrThrow(wrangler, ["containers", "delete", container.id]);
  return container !== undefined;
}
