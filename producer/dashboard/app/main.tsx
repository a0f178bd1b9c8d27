/** Starts the dashboard: styles, theme, shell. */
import { render } from "preact";
import "./style/base.css";
import "./style/shell.css";
import "./style/parts.css";
import "./style/status.css";
import "./style/pages.css";
import { applyTheme } from "./data/theme.ts";
import { Shell } from "./shell/shell.tsx";

applyTheme();
const root = document.getElementById("app");
if (root !== null) render(<Shell />, root);
