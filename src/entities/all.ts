export const ALL_ENTITIES = [];
