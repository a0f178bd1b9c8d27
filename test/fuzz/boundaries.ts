import type { Boundary } from "./boundary.ts";
import { egressBoundaries } from "./egress_boundaries.ts";
import { fileBoundaries } from "./file_boundaries.ts";
import { modelBoundaries } from "./model_boundaries.ts";

export const boundaries: readonly Boundary[] = [
  ...egressBoundaries,
  ...modelBoundaries,
  ...fileBoundaries,
];
