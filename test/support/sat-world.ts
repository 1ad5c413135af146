/** The tax authority's twin, for the simulators of PACs, without a hub. */
export { createSatWorld } from '../../core/demo/sat-world.ts'
