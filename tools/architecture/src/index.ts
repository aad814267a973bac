export { BAN_LIST, findBanned, type Ban, type BannedUse } from './ban-list.js';
export { codeOnly } from './code-only.js';
export { findMisnamed, type Misnamed } from './file-names.js';
