/** Reasons why some attempts work, in a sentence each. */

export const SAME_USER = 'without a user of its own every tenant runs as the server does, here as root';
export const HOST_NETWORK = 'with network = "host" ports and names of sockets are those of the whole machine';
export const SHARED_TMP = 'the /tmp of the machine is there for every user';
export const OPEN_SOCKET = 'a socket of another program with mode 0666 is there for every user';
export const PROC = 'without a namespace /proc shows the processes of all users, with their arguments';
export const CGROUPS = 'the tree of cgroups is there for every user, with their names and figures';
export const DISK = 'the disk is shared, and nothing but its file system caps what one user writes';
export const DELETED = 'what a deleted file takes is in no directory; only a quota of the file system counts it';
/** Not a reason why it works: the target would not be the host's. */
export const GVISOR = 'gVisor answers it, and asks nothing of the host';
export const EVERY_USER = 'Linux lets every user make that call';
export const USERNS = 'Linux lets every user make a user namespace, in which nothing outside can be changed';
export const OPEN_FILE = 'a file with mode 0644 is there for every user who may enter its directory';
export const SOCKET_DIR = 'front servers of other users find the public sockets in that directory, so all may list it';
