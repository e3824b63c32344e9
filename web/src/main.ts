/** The first script of a page, and a short one. */

import { isLivePage, prepareEngine } from "./engines/prepare";

if (isLivePage(location.hash)) prepareEngine();
void import("./app");
