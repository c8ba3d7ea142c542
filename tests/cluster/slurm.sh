# SPDX-License-Identifier: GPL-2.0-only
# A sweep on a real Slurm: a controller and two one-CPU "nodes" on this machine. One node is killed
# while it works; the merged database must equal the local one all the same.
#
# Needs root and Debian's slurmctld, slurmd, slurm-client, slurm-wlm-basic-plugins and munge:
# skipped otherwise. Takes about a minute, most of it Slurm waiting for the lost node.
. "$ZR_SRCDIR/tests/cli/lib.sh"

samples="$ZR_SRCDIR/traces/samples"
PATH=$PATH:/usr/sbin
cluster=
begin 'a sweep on two nodes, one of which is killed'
for tool in slurmctld slurmd sbatch squeue sinfo munged "${CC:-cc}"; do
	if ! command -v "$tool" >/dev/null; then
		skip "no $tool here"
		finish
	fi
done
if [ "$(id -u)" -ne 0 ]; then
	skip 'only root can start a cluster of its own'
	finish
fi

# ---- the cluster ----

# Daemons are ended by the ids in their own pid files, never by name.
none_alive() { ! kill -0 "$@" 2>/dev/null; }
stop_cluster() {
	local file pids=()
	# What still runs on this cluster goes with it.
	[ -z "${SLURM_CONF:-}" ] || timeout 5 scancel --quiet --partition=ci 2>/dev/null
	wait_for 5 queue_empty
	for file in "$cluster"/*.pid; do
		[ -e "$file" ] && pids+=("$(cat "$file")")
	done
	kill "${pids[@]}" 2>/dev/null
	# They write their last state into what is about to be removed.
	wait_for 10 none_alive "${pids[@]}"
	t_cleanup
}

start_munge() {
	mkdir -m 755 "$cluster/munge"
	dd if=/dev/urandom of="$cluster/munge/key" bs=128 count=1 2>/dev/null
	chmod 400 "$cluster/munge/key"
	chown -R munge "$cluster/munge"
	runuser -u munge -- munged --socket="$cluster/munge/socket" --key-file="$cluster/munge/key" \
		--pid-file="$cluster/munge/munged.pid" --seed-file="$cluster/munge/seed" \
		--log-file="$cluster/munge/log" --force >/dev/null 2>&1 || return
	ln -s munge/munged.pid "$cluster/munged.pid"
}

write_conf() {
	local host
	host=$(hostname -s)
	mkdir "$cluster/log" "$cluster/state"
	cat >"$cluster/slurm.conf" <<EOF
ClusterName=zonereplay
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=26817
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$cluster/munge/socket,cred_expire=5
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc=$cluster/log/jobcomp.txt
AccountingStorageType=accounting_storage/none
ReturnToService=2
SlurmdTimeout=10
MessageTimeout=5
JobRequeue=1
KillWait=2
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool-%n
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd-%n.pid
SlurmctldLogFile=$cluster/log/slurmctld.log
SlurmdLogFile=$cluster/log/slurmd-%n.log
SlurmdParameters=config_overrides
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=26821-26822 CPUs=1 RealMemory=1024 State=UNKNOWN
PartitionName=ci Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
EOF
	export SLURM_CONF="$cluster/slurm.conf"
}

# wait_for SECONDS COMMAND...: until it is true.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.3
	done
}

two_idle() { [ "$(sinfo -h -N -o %T 2>/dev/null | grep -c '^idle')" -eq 2 ]; }
queue_empty() { [ -z "$(squeue -h 2>&1)" ]; }
works_on() { squeue -h -t R -w "$1" -o %i 2>/dev/null | grep -q .; }
has_shard_on_two() { [ "$(find s.sweep/shards -name '*.db' | wc -l)" -ge 2 ]; }

# Says in $why what did not work.
start_cluster() {
	why='munged does not start' && start_munge || return
	write_conf
	why='slurmctld does not start' && slurmctld -f "$SLURM_CONF" || return
	why='slurmd does not start' && slurmd -f "$SLURM_CONF" -N n1 && slurmd -f "$SLURM_CONF" -N n2 || return
	why='the nodes do not become idle' && wait_for 30 two_idle
}

# Node death: the daemon and what it started. Children are found by their parent's id.
kill_node() {
	local pid step
	pid=$(cat "$cluster/slurmd-$1.pid")
	for step in $(ps -eo pid=,args= | awk -v n="$1" '/slurmstepd: / && !/awk/ { print $1 }'); do
		# A step daemon belongs to the node whose spool directory it works in.
		readlink "/proc/$step/cwd" "/proc/$step/fd/"* 2>/dev/null | grep -q "$1" || continue
		kill_tree "$step"
	done
	kill -9 "$pid"
	# Its id may soon be somebody else's: stop_cluster() must not find it.
	rm -f "$cluster/slurmd-$1.pid"
}

kill_tree() {
	local child
	for child in $(ps -o pid= --ppid "$1"); do
		kill_tree "$child"
	done
	kill -9 "$1" 2>/dev/null
}

# ---- the test ----

dump() {
	python3 "$ZR_SRCDIR/tests/cli/dump.py" "$1"
}

cluster="$t_top/cluster"
mkdir -m 755 "$cluster"
chmod 755 "$t_top"
trap stop_cluster EXIT
if ! start_cluster; then
	tail -n 3 "$cluster"/log/*.log 2>/dev/null | sed 's/^/# /'
	skip "the cluster does not come up: $why: $(tail -qn 1 "$cluster"/log/*.log "$cluster/munge/log" 2>/dev/null |
		tail -n 1 | cut -c1-160)"
	finish
fi
echo "# up after $SECONDS s"

# A policy that takes its time, so that the node dies in the middle of a cell.
cat >slow.c <<'EOF'
#include <time.h>
#include "policy/policy.h"
static const struct param_desc params[] = {{.name = "n", .def = 0, .min = 0, .max = 99, .help = "nothing"}};
static void slow(struct policy_env *env)
{
	struct timespec t = {.tv_nsec = 15000000};
	nanosleep(&t, 0);
}
static struct frame no(struct policy_env *env, const struct mm_request *rq) { return FRAME_NONE; }
const struct policy zonereplay_policy = {.abi = POLICY_ABI, .name = "slow", .summary = "slow",
	.about = "slow", .params = params, .nr_params = 1, .alloc_slow = no, .tick = slow};
EOF
"${CC:-cc}" -shared -fPIC -I"$ZR_SRCDIR/src" -o slow.so slow.c || bad 'it does not compile'
printf '%s\n' '[sweep]' "capture = $samples/churn-6.1" "capture = $samples/hugealloc-6.1" \
	'[none]' "[$PWD/slow.so]" 'n = 0..3' '[reclaim]' >s.ini
run sweep plan s.ini
run sweep plan s.ini -o local
run sweep run local
status 0
run sweep merge local -d local.db

run sweep submit s.sweep --cells-per-task 2
status 0
wait_for 30 works_on n2 || bad 'nothing ever ran on n2'
wait_for 30 has_shard_on_two || bad 'no second shard'
kill_node n2
echo "# n2 killed after $SECONDS s"
wait_for 120 queue_empty || bad "still in the queue: $(squeue -h 2>&1 | head -n 3)"
echo "# queue empty after $SECONDS s"
grep -q NODE_FAIL "$cluster/log/jobcomp.txt" || bad 'Slurm did not notice'
sed 's/^/# /' "$cluster/log/jobcomp.txt" | cut -c1-150 | head -n 12
ls s.sweep/shards | grep -q -- '-1.db' || bad 'no task was started a second time'
run sweep status s.sweep
out_has '14 of 14 cells done'
run sweep merge s.sweep -d merged.db
status 0
dump local.db >local.txt
dump merged.db >merged.txt
cmp local.txt merged.txt || bad 'cluster and local run differ'

finish
