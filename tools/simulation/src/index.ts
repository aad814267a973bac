export { MUTATIONS, type Mutation } from './mutations.js';
export { simulateEpisode, type Episode, type EpisodeOptions } from './simulate.js';
