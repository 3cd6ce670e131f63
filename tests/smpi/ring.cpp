// The dense ring all-reduce as an MPI program, for SMPI: 2 (M - 1) steps of ceil(N / M) floats to the right. Prints the
// seconds until the last rank is done. Argument: N. All ranks share one buffer: its contents do not matter.

#include <mpi.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int m = 0;
  int rank = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &m);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const long elements = std::atol(argv[1]);
  const int chunk = static_cast<int>((elements + m - 1) / m);
  void* out = SMPI_SHARED_MALLOC(sizeof(float) * chunk);
  void* in = SMPI_SHARED_MALLOC(sizeof(float) * chunk);
  const double begin = MPI_Wtime();
  for (int step = 0; step < 2 * (m - 1); ++step) {
    MPI_Sendrecv(out, chunk, MPI_FLOAT, (rank + 1) % m, 0, in, chunk, MPI_FLOAT, (rank + m - 1) % m, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
  }
  const double mine = MPI_Wtime() - begin;
  double longest = 0;
  MPI_Reduce(&mine, &longest, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
  if (rank == 0) std::printf("%.9g\n", longest);
  SMPI_SHARED_FREE(in);
  SMPI_SHARED_FREE(out);
  MPI_Finalize();
}
