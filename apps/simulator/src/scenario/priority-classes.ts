/** Priority classes by the names a scenario gives them, strict (QUE-02). */
export const PRIORITY_CLASSES = { interactive: 1, normal: 0, low: -1 } as const;
export type ClassName = keyof typeof PRIORITY_CLASSES;
export const CLASS_NAMES: readonly ClassName[] = ['interactive', 'normal', 'low'];
