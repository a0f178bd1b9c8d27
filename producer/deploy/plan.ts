/** The plan of a deploy, printed without an account: `npm run deploy -- --dry-run`. */
import path from "node:path";
import { deployedPolicySecrets } from "../../policies/index.ts";
import { folderOf, type WorkerSettings, workers, writeConfigs } from "./configs.ts";
import { resourcesOf } from "./resources.ts";
import { requiredSecrets, type Source, sourceOf } from "./secrets.ts";
import { runOrThrow, type Wrangler } from "./wrangler.ts";

export interface PlanContext {
  wrangler: Wrangler;
  environment: Readonly<Record<string, string | undefined>>;
  print(line: string): void;
}

export async function printPlan(
  { root, environment }: { root: string; environment: string },
  context: PlanContext,
  settings: WorkerSettings,
): Promise<void> {
  context.print(`The plan for ${environment}. Nothing is deployed, and no account is needed.`);
  const resources = resourcesOf(workers.map((worker) => settings[worker]));
  for (const { kind, name } of resources) context.print(`  find or create the ${kind} ${name}`);
  context.print("  apply the new migrations of shared/migrations");
  const ids = new Map(resources.map(({ name }) => [name, "00000000-0000-0000-0000-000000000000"]));
  const files = writeConfigs(root, environment, settings, ids, "plan");
  for (const worker of workers) {
    const args = ["deploy", "--dry-run", "-c", files[worker], "--outdir"];
    const outdir = path.join(folderOf(environment), worker);
    const output = await runOrThrow(context.wrangler, [...args, outdir]);
    const size = /Total Upload: ([^\n]+)/.exec(output)?.[1] ?? "unknown size";
    context.print(`  deploy ${String(settings[worker].name)} (${size})`);
  }
  for (const secret of requiredSecrets(deployedPolicySecrets(), settings.consumer.vars)) {
    const source = sourceText(sourceOf(secret, context.environment));
    context.print(
      `  set the secret ${secret.name} of the ${secret.worker} if it is not set: ${source}`,
    );
  }
}

function sourceText({ kind }: Source): string {
  switch (kind) {
    case "environment":
      return "from the environment";
    case "generated":
      return "generated and shown once";
    case "missing":
      return "you must set it";
  }
}
