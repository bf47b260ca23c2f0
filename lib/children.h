/*
 * Ending children, where no pid namespace does it. For a subreaper: what its children leave behind
 * becomes its own child, and a child that is not reaped keeps its number.
 */
#ifndef CORDON_LIB_CHILDREN_H
#define CORDON_LIB_CHILDREN_H

/*
 * Kills and reaps every child of this process, and those that they leave behind, until there is
 * none. proc: /proc, open for reading. They must not be able to fork any more, or it may never end.
 */
void cd_children_end(int proc);

#endif
