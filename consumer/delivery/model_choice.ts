/** Which models' tasks a slot may take now. */
import type { ModelChoice } from "../../shared/store/tasks/next_task.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { closedHostedModels, closedSince } from "../governor/endpoint_health.ts";
import { isHosted, rateOf } from "../governor/stub.ts";

/** Any model name that MODEL_BASE_URL serves: all of them share its endpoint. */
const anyOwnModel = "any";

/** `model` is the message's; `isAdmitted` where its governor, if it has one, has a slot for one task. */
export function modelChoice(
  config: ConsumerConfig,
  model: string,
  isAdmitted: boolean,
): ModelChoice {
  const isGoverned = rateOf(config, model) !== null;
  const only = isGoverned && isAdmitted ? model : null;
  const ownSince = closedSince(config, anyOwnModel);
  const ownIsFree = only !== null || rateOf(config, anyOwnModel) === null;
  const own = ownIsFree ? ownSince : null;
  if (!isHosted(config, "@cf/any")) return { only, closed: {}, hosted: own, own };
  const closed = closedHostedModels(config);
  return { only, closed, hosted: only === null ? null : 0, own };
}
