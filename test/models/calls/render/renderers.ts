/** Renders calls as each family writes them into text: the expected values of the dialect tests. */
import { jsonRenderers } from "./json_renderers.ts";
import { pythonRenderers } from "./python_renderers.ts";
import type { Renderer } from "./renderer.ts";
import { tokenRenderers } from "./token_renderers.ts";
import { xmlRenderers } from "./xml_renderers.ts";

export const renderers: readonly Renderer[] = [
  ...xmlRenderers,
  ...jsonRenderers,
  ...tokenRenderers,
  ...pythonRenderers,
];
