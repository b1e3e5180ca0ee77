/** In the environment of a node that another process started and watches over. */
export const SUPERVISED = 'BRAIDLOG_SUPERVISED'
