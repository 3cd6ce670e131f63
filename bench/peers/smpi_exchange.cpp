// The same exchanges as an MPI program, for SMPI. See peers.py.
// usage: smpi_exchange ring|all-gather|server WORKERS BYTES
// Prints the seconds of processor time that the simulation took from the first rank's begin, and the seconds that the
// exchange takes in it. Messages are shorter by the 16 bytes that SMPI adds to each. All share one buffer: its contents
// do not matter.

#include <mpi.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace {

constexpr int envelope = 16;

void go_round(int rank, int workers, int steps, int bytes, void* buffer) {
  for (int step = 0; step < steps; ++step) {
    MPI_Sendrecv(buffer, bytes, MPI_BYTE, (rank + 1) % workers, 0, buffer, bytes, MPI_BYTE,
                 (rank + workers - 1) % workers, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
}

void work(int workers, int bytes, void* buffer) {
  MPI_Send(buffer, bytes, MPI_BYTE, workers, 0, MPI_COMM_WORLD);
  MPI_Recv(buffer, bytes, MPI_BYTE, workers, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

void serve(int workers, int bytes, void* buffer) {
  std::vector<MPI_Request> all(workers);
  for (int r = 0; r < workers; ++r) MPI_Irecv(buffer, bytes, MPI_BYTE, r, 0, MPI_COMM_WORLD, &all[r]);
  MPI_Waitall(workers, all.data(), MPI_STATUSES_IGNORE);
  for (int r = 0; r < workers; ++r) MPI_Isend(buffer, bytes, MPI_BYTE, r, 0, MPI_COMM_WORLD, &all[r]);
  MPI_Waitall(workers, all.data(), MPI_STATUSES_IGNORE);
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const std::string exchange = argv[1];
  const int workers = std::atoi(argv[2]);
  const int payload = std::atoi(argv[3]);
  const int chunk = 4 * ((payload / 4 + workers - 1) / workers);
  void* buffer = SMPI_SHARED_MALLOC(payload);
  const std::clock_t real_begin = std::clock();
  const double begin = MPI_Wtime();
  if (exchange == "ring") go_round(rank, workers, 2 * (workers - 1), chunk - envelope, buffer);
  if (exchange == "all-gather") go_round(rank, workers, workers - 1, payload - envelope, buffer);
  if (exchange == "server" && rank < workers) work(workers, payload - envelope, buffer);
  if (exchange == "server" && rank == workers) serve(workers, payload - envelope, buffer);
  const double mine = MPI_Wtime() - begin;
  double longest = 0;
  MPI_Reduce(&mine, &longest, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
  const double took = static_cast<double>(std::clock() - real_begin) / CLOCKS_PER_SEC;
  if (rank == 0) std::printf("%.6f %.9f\n", took, longest);
  SMPI_SHARED_FREE(buffer);
  MPI_Finalize();
}
