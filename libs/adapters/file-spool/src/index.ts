export { createFileSpool, type FileSpoolOptions } from './file-spool.js';
export { createFileWorkspace, createImageFiles } from './file-workspace.js';
