#include "app.h"
#include <callseq.h>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

int main() {
  if (callseq_init() != CALLSEQ_OK)
    return 1;

  std::vector<std::thread> threads;
  for (std::string word : {"nursery", "continuation", "heap", "stack"})
    threads.emplace_back([word]() mutable { offer(&word[0]); });
  for (auto &thread : threads)
    thread.join();

  std::unique_ptr<char, decltype(&std::free)> word(winner(), std::free);
  std::cout << word.get() << '\n';
}
