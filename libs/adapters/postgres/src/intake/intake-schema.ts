/** The schema that the gateway owns. */
export const INTAKE_SCHEMA = 'gateway';
