# SPDX-License-Identifier: MIT
class Libmio < Formula
  desc "Tells a program which of its descriptors are ready"
  homepage "@ADDRESS@"
  url "@ADDRESS@/libmio-@VERSION@.tar.gz"
  sha256 "@SHA256@"
  license "MIT"

  depends_on "cmake" => :build
  depends_on "pkgconf" => :test

  def install
    args = %w[
      -DBUILD_SHARED_LIBS=ON
      -DMIO_BUILD_BOTH=ON
      -DMIO_BUILD_TESTS=OFF
      -DMIO_BUILD_EXAMPLES=OFF
    ]
    system "cmake", "-S", ".", "-B", "build", *args, *std_cmake_args
    system "cmake", "--build", "build"
    system "cmake", "--install", "build"
  end

  test do
    (testpath/"test.c").write <<~'C'
@PROGRAM@
    C
    flags = shell_output("pkg-config --cflags --libs libmio").split
    system ENV.cc, "test.c", *flags, "-o", "test"
    system "./test"
  end
end
