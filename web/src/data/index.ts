export { readDrawing, writeDrawing, type Stroke } from "./drawing";
export { readPicture } from "./picture";
export { DataError } from "./problem";
export { nameOwnData } from "./own-names";
export { pickPoints, pickUserPoints, readTable, readTableFile, type Table } from "./table";
export { checkPoints, findPoints, fitIntoSquare, fitUserPoints, keepPoints, type UserPoints } from "./user-points";
